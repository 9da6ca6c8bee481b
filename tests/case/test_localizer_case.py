"""What a run leaves of a scout: real slices to look at, and objects on the sagittal series."""

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest

from callosal.pipelines.pictures.label_image import LPS_TO_RAS
from tests.case.made_scout import PROTOCOL, PlannedScout, made_scout, planned_scout
from tests.hospital.independent_reading import labelled_voxels


@pytest.fixture(scope="module")
def scout(tmp_path_factory: pytest.TempPathFactory) -> PlannedScout:
    return planned_scout(tmp_path_factory.mktemp("scout"))


@pytest.fixture(scope="module")
def plan(scout: PlannedScout) -> dict[str, Any]:
    return dict(json.loads((scout.case / "plan.json").read_text(encoding="utf-8")))


def series(scout: PlannedScout, index: int) -> list[pydicom.Dataset]:
    folder = scout.series / f"stack-{index + 1}"
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


def test_the_plan_says_what_it_rests_on(plan: dict[str, Any], scout: PlannedScout) -> None:
    source = plan["source"]
    assert source["kind"] == "localizer"
    assert [(one["orientation"], one["n_slices"]) for one in source["stacks"]] == [
        ("sagittal", 5),
        ("coronal", 5),
        ("axial", 5),
    ]
    assert {one["thickness_mm"] for one in source["stacks"]} == {PROTOCOL.thickness_mm}
    assert plan["dof_estimated"] == 3
    page = (scout.output / "report.html").read_text(encoding="utf-8")
    assert "5 sagittal, 5 coronal, 5 axial slices" in page


@pytest.mark.parametrize(("name", "index"), [("transverse", 2), ("coronal", 1)])
def test_pictures_are_acquired_slices_nearest_to_the_plan(
    scout: PlannedScout, plan: dict[str, Any], name: str, index: int
) -> None:
    image: Any = nib.load(scout.case / f"{name}.nii.gz")
    stack = made_scout()[index]
    normal = stack.affine[:3, 0] / stack.spacing[0]
    at = stack.affine[:3, 3] + np.arange(5)[:, None] * stack.affine[:3, 0]
    nearest = int(np.argmin(np.abs((plan["final"]["center_lps_mm"] - at) @ normal)))
    corner = (LPS_TO_RAS @ image.affine)[:3, 3]
    np.testing.assert_allclose(corner, at[nearest], atol=1e-3)
    shown = np.asarray(image.dataobj)[..., 0].T
    assert np.corrcoef(shown.ravel(), stack.array[nearest].ravel())[0, 1] > 0.9999


def test_the_segmentation_lies_on_the_sagittal_series(scout: PlannedScout) -> None:
    sagittal = series(scout, 0)
    seg = pydicom.dcmread(scout.case / "seg.dcm")
    (referenced,) = seg.ReferencedSeriesSequence
    assert referenced.SeriesInstanceUID == sagittal[0].SeriesInstanceUID
    marked = labelled_voxels(scout.case / "seg.dcm")
    assert {uid for uid, *_ in marked} <= {one.SOPInstanceUID for one in sagittal}
    # A callosum is 400 to 900 mm2 in its middle; pixels are 1 mm wide.
    assert 300 < len(marked) < 1200


def test_the_structured_report_is_of_the_same_frame_and_series(
    scout: PlannedScout, plan: dict[str, Any]
) -> None:
    report = pydicom.dcmread(scout.case / "plan_sr.dcm")
    sagittal = series(scout, 0)[0]
    assert report.StudyInstanceUID == sagittal.StudyInstanceUID
    texts = list(_texts(report))
    assert sagittal.FrameOfReferenceUID in texts
    assert any(plan["planes"]["transverse"]["prescription"] in text for text in texts)


def _texts(item: pydicom.Dataset) -> Any:
    """Each text and UID of a report, at any depth."""
    for element in item.iterall():
        if element.VR in {"UI", "UT", "LO", "ST"} and element.VM == 1:
            yield str(element.value)


def test_series_of_a_scout_are_one_case_and_one_row(scout: PlannedScout) -> None:
    lines = (scout.output / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1
    assert Path(scout.case).name in lines[0]
