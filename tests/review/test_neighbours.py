"""Masks of the slices beside the midsagittal one: asked for, corrected, kept and taken back."""

import json

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from callosal.models.errors import InputError
from callosal.pipelines.midplane.sagittal_slice import NEIGHBOURS_MM
from callosal.pipelines.review.history import latest_review
from callosal.pipelines.review.mask_entry import mask_entry, mask_of_entry
from callosal.pipelines.review.neighbours import neighbours_entry
from callosal.pipelines.review.read_only import read_only_page
from callosal.pipelines.review.review_document import Decision, Judgement

FILE = "neighbours_mask.reviewed.nii.gz"


def grown(desk, planned, offset_mm):
    mask = desk.case(planned).neighbours.masks[NEIGHBOURS_MM.index(offset_mm)]
    return ndimage.binary_dilation(mask, iterations=2).astype(np.uint8)


def judged(decision, neighbours, mask=None):
    return Judgement(decision, "A", "", None, mask, neighbours)


def test_the_page_gets_slices_in_their_places_with_masks(desk, planned):
    entry = desk.case_entry(planned)
    slices = entry["neighbours"]["slices"]
    assert [one["offset_mm"] for one in slices] == [-4, -2, 2, 4]
    middle = desk.case(planned).midsagittal
    for one in slices:
        away = np.array(one["place"]["center_lps_mm"]) - middle.center_lps_mm
        assert away @ middle.normal == pytest.approx(one["offset_mm"], abs=1e-3)
        picture = desk.picture(planned, one["picture"])
        assert list(picture.pixels.shape) == one["place"]["shape"]
        area = mask_of_entry(one["mask"], picture.pixels.shape).sum() * 0.25
        assert 150 < area < 1500
        assert one["reviewed"] is None
    assert '"slices": []' in read_only_page(desk, planned)


def test_an_accepted_plan_keeps_what_was_drawn_beside_it(desk, planned):
    folder, case = desk.folder(planned), desk.case(planned)
    drawn = grown(desk, planned, 2.0)
    desk.save(planned, judged(Decision.ACCEPTED, {2.0: drawn}), 0)
    review = latest_review(folder)
    assert review["decision"] == "accepted"
    assert review["plan"] == case.plan.document
    assert [one["offset_mm"] for one in review["neighbours"]] == [2]
    slab = nib.load(folder / FILE)
    layers = np.asarray(slab.dataobj)
    np.testing.assert_array_equal(layers[..., 3], drawn)
    np.testing.assert_array_equal(layers[..., 4], case.neighbours.masks[3])
    # The middle layer is the mask of the midsagittal slice; windows cut off nothing of it.
    assert layers[..., 2].sum() == case.mask.sum()
    np.testing.assert_allclose(slab.affine, nib.load(folder / "neighbours.nii.gz").affine)
    assert not (folder / "mask.reviewed.nii.gz").exists()
    reviewed = desk.case_entry(planned)["neighbours"]["slices"][2]["reviewed"]
    np.testing.assert_array_equal(mask_of_entry(reviewed, drawn.shape), drawn)
    desk.save(planned, judged(Decision.REJECTED, {2.0: drawn}), 1)
    assert not (folder / FILE).exists()
    assert latest_review(folder)["neighbours"] is None


def test_a_corrected_midsagittal_mask_is_in_the_slab_too(desk, planned):
    mask = ndimage.binary_dilation(desk.case(planned).mask, iterations=2).astype(np.uint8)
    drawn = grown(desk, planned, -4.0)
    desk.save(planned, judged(Decision.CORRECTED, {-4.0: drawn}, mask), 0)
    layers = np.asarray(nib.load(desk.folder(planned) / FILE).dataobj)
    assert layers[..., 2].sum() == mask.sum()
    np.testing.assert_array_equal(layers[..., 0], drawn)


@pytest.mark.parametrize("offset_mm", [0, 3, "left", None])
def test_a_mask_of_no_slice_is_refused(desk, planned, offset_mm):
    entry = {"offset_mm": offset_mm, "mask": mask_entry(grown(desk, planned, 2.0))}
    with pytest.raises(InputError) as error:
        desk.neighbour_masks_of(planned, [entry])
    assert error.value.code == "bad_mask"
    assert "-4, -2, 2, 4 mm" in str(error.value)


def test_a_mask_as_it_was_found_is_no_correction(desk, planned):
    masks = desk.case(planned).neighbours.masks
    entries = [{"offset_mm": 2, "mask": mask_entry(masks[2])}]
    assert desk.neighbour_masks_of(planned, entries) == {}


def test_a_case_without_such_slices_says_why(desk, planned, unplanned):
    without = neighbours_entry(desk.case(unplanned), None)
    assert without["slices"] == []
    assert "Without a callosum" in without["why_none"]
    folder = desk.folder(planned)
    (folder / "neighbours.nii.gz").unlink()
    plan = folder / "plan.json"
    plan.write_text(json.dumps(json.loads(plan.read_text())))
    assert "--overwrite" in desk.case_entry(planned)["neighbours"]["why_none"]
