"""`callosal.measure`: a mask alone gives every measure, and what is no mask is refused."""

import numpy as np
import pytest

import callosal
from callosal.models.errors import GeometryError
from callosal.pipelines.phantom import phantom_slice


def test_a_mask_is_measured_in_mm_whatever_its_pixels() -> None:
    one, half = (
        callosal.measure(phantom_slice(7, (side, side), size)[1], (size, size))
        for side, size in ((256, 1.0), (512, 0.5))
    )
    assert one.area_mm2 == pytest.approx(half.area_mm2, rel=0.03)
    assert one.thickness_mean_mm == pytest.approx(half.thickness_mean_mm, rel=0.05)
    assert set(one.values) <= set(dir(one))
    with pytest.raises(AttributeError, match="no measure 'area_cm2'"):
        _ = one.area_cm2


@pytest.mark.parametrize(
    ("mask", "spacing_mm", "code"),
    [
        (np.ones((3, 8, 8)), (1.0, 1.0), "bad_mask"),
        (np.full((8, 8), 2), (1.0, 1.0), "bad_mask"),
        (np.full((8, 8), np.nan), (1.0, 1.0), "bad_mask"),
        (np.array([["a"]]), (1.0, 1.0), "bad_mask"),
        (np.zeros((64, 64)), (1.0, 1.0), "empty_mask"),
        (np.zeros((64, 64)), (0.0, 1.0), "bad_spacing"),
    ],
)
def test_what_is_no_mask_is_refused(mask: np.ndarray, spacing_mm: object, code: str) -> None:
    with pytest.raises(GeometryError) as refused:
        callosal.measure(mask, spacing_mm)  # type: ignore[arg-type]
    assert refused.value.code == code
