"""A corrected mask: plan, measures, SEG, SR, pictures and tables follow."""

import csv
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from scipy import ndimage

from callosal.models.errors import InputError
from callosal.pipelines.archive.outgoing import read_outgoing
from callosal.pipelines.hospital.report_source import ReportedSource
from callosal.pipelines.hospital.segmented_source import SegmentedSource
from callosal.pipelines.hospital.written_case import outline_lps_mm
from callosal.pipelines.review.correction import automatic_roi, corrected_plan
from callosal.pipelines.review.hand_outline import hand_outline
from callosal.pipelines.review.history import latest_review
from callosal.pipelines.review.mask_entry import mask_of_entry
from callosal.pipelines.review.review_document import Decision, Judgement
from callosal.pipelines.review.review_session import ReviewSession
from tests.review.made_run import case_of


def grown(mask, steps=4):
    return ndimage.binary_dilation(mask, iterations=steps).astype(np.uint8)


@dataclass(frozen=True)
class CorrectedCase:
    """A case whose mask was grown, for tests that only look."""

    desk: ReviewSession
    name: str
    mask: np.ndarray

    @property
    def folder(self) -> Path:
        return self.desk.folder(self.name)


@pytest.fixture(scope="module")
def corrected(finished_run, tmp_path_factory):
    run = tmp_path_factory.mktemp("corrected") / "out"
    desk = ReviewSession.of(Path(shutil.copytree(finished_run, run)))
    name = case_of(desk, has_plan=True)
    mask = grown(desk.case(name).mask)
    saved = desk.save(name, Judgement(Decision.CORRECTED, "R. Reader", "", None, mask), 0)
    assert saved["notes"] == []
    desk.report.wait()
    return CorrectedCase(desk, name, mask)


def test_all_files_of_the_case_follow_its_mask(corrected):
    folder, mask, desk, planned = corrected.folder, corrected.mask, corrected.desk, corrected.name
    case, review = desk.case(planned), latest_review(folder)
    pixel_mm2 = np.prod(case.midsagittal.spacing_mm)
    plan = review["plan"]
    image = nib.load(folder / "mask.reviewed.nii.gz")
    np.testing.assert_array_equal(np.asarray(image.dataobj)[..., 0], mask)
    np.testing.assert_allclose(image.affine, nib.load(folder / "mask.nii.gz").affine)
    np.testing.assert_array_equal(mask_of_entry(review["mask"], mask.shape), mask)
    assert plan["morphometry"]["area_mm2"] == pytest.approx(mask.sum() * pixel_mm2, rel=0.02)
    assert plan["box"]["size_mm"] > case.plan.document["box"]["size_mm"]
    assert plan["reasons"] == [*case.plan.reasons, "outlined_by_hand"]
    assert review["changes"][-1]["what"] == "mask_area_mm2"
    with (desk.output / "results.reviewed.csv").open() as stream:
        rows = {row["case_id"]: row for row in csv.DictReader(stream)}
    assert float(rows[planned]["area_mm2"]) == plan["morphometry"]["area_mm2"]
    report = dcmread(folder / "plan_sr.reviewed.dcm")
    drawn_mm = case.midsagittal.lps_to_mm(outline_lps_mm(report))
    outline = hand_outline(mask, case.midsagittal, desk.settings)
    assert np.abs(drawn_mm - outline.contour_mm).max() < 1e-3
    with (
        Image.open(folder / "overlay.reviewed.png") as now,
        Image.open(folder / "overlay.png") as was,
    ):
        assert now.tobytes() != was.tobytes()
    assert json.loads((folder / "plan.json").read_text()) == case.plan.document


def test_the_segmentation_lies_on_the_images_as_that_of_the_network_does(corrected, finished_run):
    folder, mask, desk, planned = corrected.folder, corrected.mask, corrected.desk, corrected.name
    first, made = dcmread(folder / "seg.dcm"), dcmread(folder / "seg.reviewed.dcm")
    assert (made.SeriesInstanceUID, made.InstanceNumber) == (first.SeriesInstanceUID, 2)
    assert made.SOPInstanceUID != first.SOPInstanceUID
    assert made.PatientID == first.PatientID
    assert made.SegmentSequence[0].SegmentAlgorithmType == "SEMIAUTOMATIC"
    positions = {
        str(header.SOPInstanceUID): header.ImagePositionPatient
        for header in map(dcmread, (finished_run.parent / "series").iterdir())
    }
    for frame in made.PerFrameFunctionalGroupsSequence:
        uid = frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        placed = frame.PlanePositionSequence[0].ImagePositionPatient
        np.testing.assert_allclose(placed, positions[uid], atol=1e-3)
    voxel_mm3 = 2.0**3
    pixel_mm2 = np.prod(desk.case(planned).midsagittal.spacing_mm)
    assert made.pixel_array.sum() * voxel_mm3 / 2.0 == pytest.approx(
        mask.sum() * pixel_mm2, rel=0.1
    )


def test_a_segmentation_of_frames_alone_refuses_what_it_does_not_name(corrected):
    folder = corrected.folder
    first = dcmread(folder / "seg.dcm")
    report = ReportedSource(dcmread(folder / "plan_sr.dcm"))
    whole = SegmentedSource.of(first, report, has_gaps=False)
    gaps = SegmentedSource.of(first, report, has_gaps=True)
    known, index = next(iter(gaps.slices.items()))[0], next(iter(whole.slices))
    for name in ("ImagePositionPatient", "SOPInstanceUID", "PatientID"):
        (a,), (b,) = gaps.single_frames([known]), whole.single_frames([index])
        assert a[name].value == b[name].value
    outside = min(gaps.slices) - 1
    with pytest.raises(InputError) as error:
        gaps.single_frames([outside])
    assert error.value.code == "unknown_slice"


def test_what_is_sent_holds_the_corrected_mask(corrected):
    names = [item.name for item in read_outgoing(corrected.folder).objects]
    assert names == ["seg_0001.dcm", "0001.dcm"]


def test_a_region_set_by_hand_beside_the_mask_is_kept(desk, planned):
    case = desk.case(planned)
    roi = automatic_roi(case.plan, desk.settings).moved((0.0, 4.0))
    judged = Judgement(Decision.CORRECTED, "A", "", roi, grown(case.mask))
    review = desk.save(planned, judged, 0)["review"]
    assert review["roi"]["center_mm"] == pytest.approx(roi.center_mm, abs=1e-3)
    assert review["plan"]["reasons"][-2:] == ["outlined_by_hand", "corrected_by_hand"]


def test_a_later_decision_takes_the_mask_back(desk, planned):
    folder, mask = desk.folder(planned), grown(desk.case(planned).mask)
    desk.save(planned, Judgement(Decision.CORRECTED, "A", "", None, mask), 0)
    assert (folder / "seg.reviewed.dcm").is_file()
    desk.save(planned, Judgement(Decision.ACCEPTED, "A", "", None), 1)
    assert not (folder / "mask.reviewed.nii.gz").exists()
    assert not (folder / "seg.reviewed.dcm").exists()
    assert latest_review(folder)["mask"] is None
    assert (folder / "reviews" / "seg_0001.dcm").is_file()


def test_the_mask_of_the_network_is_no_correction(desk, planned):
    mask = desk.case(planned).mask
    with pytest.raises(InputError) as error:
        desk.save(planned, Judgement(Decision.CORRECTED, "A", "", None, mask), 0)
    assert error.value.code == "no_roi"


def test_a_mask_drawn_where_nothing_was_found_gives_a_plan(desk, unplanned):
    place = desk.case(unplanned).midsagittal
    rows, columns = np.indices(place.pixels.shape)
    middle = np.array(place.pixels.shape) / 2
    down_mm, along_mm = place.spacing_mm
    x, y = (columns - middle[1]) * along_mm, (rows - middle[0]) * down_mm
    radius = np.hypot(x, y + 8)
    arch = ((radius > 24) & (radius < 31) & (y < 4)).astype(np.uint8)
    plan = plan_with(desk, desk.case(unplanned), arch)
    assert (plan["status"], plan["planes"] is None) == ("low_confidence", False)
    assert plan["morphometry"]["area_mm2"] == pytest.approx(
        arch.sum() * np.prod(place.spacing_mm), rel=0.02
    )


def test_a_mask_without_its_splenium_makes_no_sure_plan(desk, planned):
    case = desk.case(planned)
    columns = np.flatnonzero(case.mask.any(axis=0))
    half = case.mask.copy()
    half[:, int(np.quantile(columns, 0.55)) :] = 0
    plan = plan_with(desk, case, half)
    assert plan["finding"]["kind"] == "partial"
    assert (plan["status"], plan["reasons"][0]) == ("low_confidence", "partial_callosum")
    assert plan["confidence"] < 0.5
    assert "partial_callosum" not in plan_with(desk, case, grown(case.mask, 2))["reasons"]


def plan_with(desk, case, mask):
    """The plan document that a mask gives, without keeping it."""
    outline = hand_outline(mask, case.midsagittal, desk.settings)
    return corrected_plan(case, outline.roi, desk.settings, outline)
