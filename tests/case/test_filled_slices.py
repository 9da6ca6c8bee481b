from pathlib import Path

import numpy as np
import pytest

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.case.filled_slices import REASON
from callosal.pipelines.case.process import process_volume
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.planning.findings import Status
from callosal.pipelines.reading.cases import Case, find_cases
from callosal.pipelines.settings import Settings

SHAPE, SPACING_MM = (88, 96, 96), (1.8, 2.4, 2.4)


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("series")
    return write_mr_series(phantom_head(1, SHAPE, SPACING_MM).volume, folder, description="x")


def planned(case: Case, segmenter: Segmenter) -> dict:
    return process_volume(case.load(), segmenter, Settings(), case.source).document


def without(paths: list[Path], lost: list[int], folder: Path) -> Case:
    for index, path in enumerate(paths):
        if index not in lost:
            (folder / path.name).write_bytes(path.read_bytes())
    (case,) = find_cases([folder]).cases
    return case


def test_slices_missing_far_from_the_midline_cost_a_note(series, segmenter, tmp_path):
    whole = planned(find_cases([series[0].parent]).cases[0], segmenter)
    case = without(series, [17, 77, 78], tmp_path)
    assert case.source["filled_slices"] == [9, 10, 70]  # the series was written from left to right
    assert case.source["notes"] == ["3 of 88 slices filled from their neighbours"]
    assert case.load().spatial_shape == SHAPE
    plan = planned(case, segmenter)
    assert (plan["status"], plan["reasons"]) == (whole["status"], whole["reasons"])
    assert plan["final"]["angle_deg"] == pytest.approx(whole["final"]["angle_deg"], abs=0.3)


def test_slices_missing_at_the_midline_cost_the_ok(series, segmenter, tmp_path):
    whole = planned(find_cases([series[0].parent]).cases[0], segmenter)
    assert whole["status"] == Status.OK.value
    center = np.array([*whole["final"]["center_lps_mm"], 1])
    case = without(series, [], tmp_path / ".")
    middle = round(float((np.linalg.inv(case.load().affine) @ center)[0]))
    (tmp_path / "gap").mkdir()
    plan = planned(without(series, [middle, middle + 1], tmp_path / "gap"), segmenter)
    assert plan["status"] == Status.LOW_CONFIDENCE.value
    assert REASON in plan["reasons"]
