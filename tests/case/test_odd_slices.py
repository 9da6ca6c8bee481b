import numpy as np
import pytest
from highdicom import Volume

from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case.odd_slices import REASON, doubted_on_odd_slices


def middle(callosum: Callosum, head: Volume, axis: int) -> int:
    return round(
        float((np.linalg.inv(head.affine) @ [*callosum.slice_image.center_lps_mm, 1])[axis])
    )


@pytest.mark.parametrize("factor", [88.0, 1 / 88])
def test_a_slice_without_its_rescale_slope_costs_the_ok(
    head: Volume, callosum: Callosum, factor: float
) -> None:
    voxels = head.array.copy()
    voxels[middle(callosum, head, 0)] *= factor
    quality = doubted_on_odd_slices(callosum, head.with_array(voxels)).quality
    assert REASON in quality.reasons
    assert quality.confidence < 0.5


def test_slices_elsewhere_shading_and_air_below_zero_cost_nothing(
    head: Volume, callosum: Callosum
) -> None:
    voxels = head.array.copy()
    voxels[3] *= 88.0
    padded = head.array.copy()
    padded[:, :, : middle(callosum, head, 2)] = 0
    shaded = head.array * np.linspace(0.3, 1, 72, dtype=np.float32)[:, None, None]
    for values in (head.array, voxels, padded, shaded, head.array - 1000):
        assert doubted_on_odd_slices(callosum, head.with_array(values)) is callosum


def test_an_outline_beside_the_volume_is_left_to_other_checks(
    head: Volume, callosum: Callosum
) -> None:
    away = head.affine.copy()
    away[:3, 3] += 1000
    beside = Volume(head.array, away, "PATIENT")
    assert doubted_on_odd_slices(callosum, beside) is callosum
