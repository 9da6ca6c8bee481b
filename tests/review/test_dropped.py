import gzip
import json
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import CallosalError
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.review.dropped import dropped_pose, dropped_slice
from callosal.pipelines.review.picture_message import decode_picture, encode_picture


@pytest.fixture(scope="module")
def segmenter():
    return open_segmenter(resolve_model(DEFAULT), "cpu", 1)


def test_a_dropped_slice_gives_the_pose_of_its_run(desk, planned, segmenter):
    content = (desk.folder(planned) / "midsagittal.nii.gz").read_bytes()
    place = decode_picture(dropped_slice(content, segmenter.contract.spacing_mm))
    (probability,) = segmenter.probability(place.pixels[None, None])[0]
    mask = np.asarray(nib.load(desk.folder(planned) / "mask.nii.gz").dataobj)[..., 0]
    assert place.pixels.shape == mask.shape
    message = encode_picture(
        type(place)(
            probability, place.spacing_mm, place.center_lps_mm, place.row_dir, place.col_dir
        ),
        {},
    )
    pose = dropped_pose(message, desk.settings)
    final = desk.case(planned).plan.document["final"]
    assert pose["found"]
    assert pose["roi"]["angle_deg"] == pytest.approx(final["angle_deg"], abs=0.1)
    np.testing.assert_allclose(pose["roi"]["center_mm"], final["center_mm"], atol=0.1)
    assert set(pose["planes"]) == {"transverse", "coronal", "sagittal"}
    assert pose["planes"]["sagittal"]["assumed"] == ["tilt", "turn"]
    volume = encode_picture(replace(place, pixels=probability), {"is_volume": True})
    assert dropped_pose(volume, desk.settings)["planes"]["sagittal"]["assumed"] == []


def test_one_dicom_slice_is_read(tmp_path, segmenter):
    head = phantom_head(1, (40, 120, 120), (4.0, 2.0, 2.0))
    write_mr_series(head.volume, tmp_path, description="phantom")
    path = sorted(tmp_path.iterdir())[20]
    message = dropped_slice(path.read_bytes(), 0.5)
    place = decode_picture(message)
    assert place.spacing_mm == (0.5, 0.5)
    assert place.pixels.max() > 0
    length = int.from_bytes(message[:4], "little")
    assert json.loads(message[4 : 4 + length])["is_volume"] is False


def test_a_volume_gives_its_midsagittal_slice(tmp_path):
    head = phantom_head(1, (60, 80, 80), (3.0, 3.0, 3.0)).volume
    image = head.to_nibabel()
    path = tmp_path / "head.nii"
    nib.save(image, path)
    for content in (path.read_bytes(), gzip.compress(path.read_bytes())):
        place = decode_picture(dropped_slice(content, 0.5))
        assert abs(place.normal[0]) > 0.99


@pytest.mark.parametrize("content", [b"", b"\x1f\x8bbroken", b"\0" * 128 + b"DICM", b"text"])
def test_what_is_no_image_is_told(content):
    with pytest.raises(CallosalError):
        dropped_slice(content, 0.5)


def test_an_empty_map_has_no_pose(desk, planned):
    place = desk.case(planned).midsagittal
    empty = type(place)(
        np.zeros_like(place.pixels), place.spacing_mm, place.center_lps_mm, place.row_dir,
        place.col_dir,
    )  # fmt: skip
    assert dropped_pose(encode_picture(empty, {}), desk.settings) == {"found": False}


@pytest.mark.parametrize(
    "message", [b"", b"\x04\0\0\0null", b"\x02\0\0\0{}", b"\xff\xff\xff\xff{}", b"\x02\0\0\0[]1234"]
)
def test_broken_messages_are_refused(message, desk):
    with pytest.raises(CallosalError) as error:
        dropped_pose(message, desk.settings)
    assert error.value.code == "bad_request"


def test_a_picture_survives_its_message(desk, planned):
    place = desk.case(planned).midsagittal
    back = decode_picture(encode_picture(place, {"n_slices": 1}))
    np.testing.assert_array_equal(back.pixels, place.pixels)
    np.testing.assert_allclose(back.affine_lps, place.affine_lps)
