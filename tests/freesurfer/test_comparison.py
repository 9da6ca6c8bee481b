"""Callosal labels beside an image are measured in the plane of the plan and compared with it."""

import csv
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from callosal.pipelines.freesurfer.comparison import compare_segmentations, summary
from callosal.pipelines.geometry.nifti_file import LPS_TO_RAS
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outputs.segmentation_table import write_segmentations
from callosal.pipelines.pictures.label_image import slice_nifti_bytes
from callosal.pipelines.planning.plan_file import Plan
from tests.planning.test_plan_document import MIDSAGITTAL, document

# A block of 40 x 20 mm about the middle of the slice, in three slabs along its length.
HALF_MM = np.array([20.0, 10.0])


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A case whose plan measures 612.3 mm2, its mask, and labels beside its image."""
    output, images = tmp_path / "out", tmp_path / "bert" / "mri"
    case = output / "cases" / "bert-mri-orig"
    case.mkdir(parents=True)
    images.mkdir(parents=True)
    (case / "plan.json").write_text(json.dumps(document()))
    place = Plan.from_document(document()).midsagittal
    assert place is not None
    (case / "mask.nii.gz").write_bytes(slice_nifti_bytes(block_on(place), place))
    nib.save(labels(), images / "aseg.mgz")
    return output, images / "orig.mgz"


def block_on(place: SliceImage) -> NDArray[np.uint8]:
    xy_mm = place.pixels_to_mm(np.moveaxis(np.indices(place.pixels.shape), 0, -1))
    return (np.abs(xy_mm) < HALF_MM).all(axis=-1).astype(np.uint8)


def labels() -> nib.MGHImage:
    """Voxels of 1 mm about the slice: 5 mm thick, labels 251, 253 and 255 from the back."""
    values = np.zeros((11, 60, 40), np.int32)
    values[3:8, 10:50, 10:30] = 253
    values[3:8, 10:20, 10:30] = 251
    values[3:8, 40:50, 10:30] = 255
    values[0, 0, 0] = 2
    # Axes toward left, anterior and superior, centred on the slice.
    affine = np.eye(4)
    affine[:3, :3] = np.diag([1.0, -1.0, 1.0])
    affine[:3, 3] = MIDSAGITTAL.center_lps_mm - affine[:3, :3] @ np.array([5.0, 29.5, 19.5])
    return nib.MGHImage(values, LPS_TO_RAS @ affine)


def test_areas_of_the_labels_stand_beside_ours(folders: tuple[Path, Path]) -> None:
    output, image = folders
    (row,) = compare_segmentations({"bert-mri-orig": image}, "aseg.mgz", output)
    assert row["reason"] is None
    assert row["area_mm2"] == 612.3
    assert row["segmentation_area_mm2"] == pytest.approx(800, rel=0.06)
    assert row["difference_pct"] == pytest.approx(
        100 * (row["segmentation_area_mm2"] / 612.3 - 1), abs=0.01
    )
    assert row["dice"] > 0.95
    assert row["segmentation_volume_mm3"] == 5 * 800
    assert row["posterior_mm2"] == pytest.approx(200, rel=0.12)
    assert row["central_mm2"] == pytest.approx(400, rel=0.12)
    assert row["mid_anterior_mm2"] == 0.0
    assert "Dice 0.9" in summary([row]) or "Dice 1.0" in summary([row])


def test_what_cannot_be_compared_says_why(folders: tuple[Path, Path]) -> None:
    output, image = folders
    nib.save(nib.MGHImage(np.ones((9, 9, 9), np.int32), np.eye(4)), image.parent / "other.mgz")
    (image.parent / "broken.mgz").write_bytes(b"no image")
    names = {"absent.mgz": "no_segmentation", "other.mgz": "no_callosal_labels"}
    for name, reason in names.items():
        (row,) = compare_segmentations({"bert-mri-orig": image}, name, output)
        assert (row["reason"], row["dice"]) == (reason, None)
    (row,) = compare_segmentations({"bert-mri-orig": image}, "broken.mgz", output)
    assert row["reason"]
    (row,) = compare_segmentations({"unplanned": image}, "aseg.mgz", output)
    assert row["reason"] == "bad_plan"
    write_segmentations(output, [row])
    with (output / "segmentation.csv").open() as stream:
        assert [found["reason"] for found in csv.DictReader(stream)] == ["bad_plan"]
    assert "says why" in summary([row])
