from typing import Any

import numpy as np
import pytest
from highdicom import Volume

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.case.blank_slices import REASON, doubted_on_blank
from callosal.pipelines.case.process import Outcome, process_volume
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.planning.findings import Status
from callosal.pipelines.settings import Settings

SHAPE, SPACING_MM = (72, 80, 80), (2.4, 2.8, 2.8)


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)


@pytest.fixture(scope="module")
def head() -> Volume:
    return phantom_head(1, SHAPE, SPACING_MM).volume


def with_blank(head: Volume, axis: int, index: int, thickness: int = 1) -> Volume:
    voxels = head.array.copy()
    np.moveaxis(voxels, axis, 0)[index : index + thickness] = 0
    return head.with_array(voxels)


def planned(volume: Volume, segmenter: Segmenter) -> dict[str, Any]:
    return process_volume(volume, segmenter, Settings(), {}).document


@pytest.fixture(scope="module")
def found(head: Volume, segmenter: Segmenter) -> Outcome:
    return process_volume(head, segmenter, Settings(), {})


@pytest.fixture(scope="module")
def whole(found: Outcome) -> dict[str, Any]:
    plan = found.document
    assert (plan["status"], plan["reasons"]) == (Status.OK.value, [])
    return plan


@pytest.mark.parametrize("axis", range(3))
def test_a_blank_slice_through_the_callosum_costs_the_ok(
    head: Volume, whole: dict[str, Any], segmenter: Segmenter, axis: int
) -> None:
    center = np.linalg.inv(head.affine) @ [*whole["final"]["center_lps_mm"], 1]
    plan = planned(with_blank(head, axis, round(float(center[axis]))), segmenter)
    assert plan["status"] != Status.OK.value
    assert REASON in plan["reasons"]


def test_a_blank_slice_elsewhere_costs_nothing(
    head: Volume, whole: dict[str, Any], segmenter: Segmenter
) -> None:
    plan = planned(with_blank(head, 0, 8), segmenter)
    assert (plan["status"], plan["reasons"]) == (whole["status"], whole["reasons"])


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_blank_row_at_the_callosum_costs_the_ok(
    head: Volume, found: Outcome, axis: int, value: float
) -> None:
    callosum = found.callosum
    assert callosum is not None
    lps_mm = callosum.slice_image.mm_to_lps(callosum.contour_mm[:1])[0]
    row: list[Any] = np.round((np.linalg.inv(head.affine) @ [*lps_mm, 1])[:3]).astype(int).tolist()
    row[axis] = slice(None)
    voxels = head.array.copy()
    voxels[tuple(row)] = value
    quality = doubted_on_blank(callosum, head.with_array(voxels)).quality
    assert (quality.reasons, quality.confidence < 0.5) == ((REASON,), True)


def test_a_blank_row_elsewhere_and_padding_cost_nothing(head: Volume, found: Outcome) -> None:
    callosum = found.callosum
    assert callosum is not None
    row, padded = head.array.copy(), head.array.copy()
    row[:, 8, 8] = 0
    center = np.linalg.inv(head.affine) @ [*callosum.slice_image.center_lps_mm, 1]
    padded[:, :, : round(float(center[2]))] = 0
    for voxels in (row, padded):
        assert doubted_on_blank(callosum, head.with_array(voxels)) is callosum
