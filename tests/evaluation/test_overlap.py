import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.pipelines.evaluation import overlap


def _square(top: int, left: int, side: int = 20) -> np.ndarray:
    mask = np.zeros((64, 64), dtype=bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_a_mask_on_itself_is_perfect() -> None:
    mask = _square(10, 10)
    there, back = overlap.border_distances_mm(mask, mask, (0.5, 0.5))
    assert overlap.dice(mask, mask) == overlap.iou(mask, mask) == 1
    assert overlap.area_bias_pct(mask, mask) == 0
    assert overlap.hd95_mm(there, back) == overlap.assd_mm(there, back) == 0


def test_half_a_square_shifted_has_known_overlap() -> None:
    mask, reference = _square(10, 20), _square(10, 10)
    assert overlap.dice(mask, reference) == pytest.approx(0.5)
    assert overlap.iou(mask, reference) == pytest.approx(1 / 3)


def test_distances_are_in_mm_of_each_axis() -> None:
    mask, reference = _square(10, 13), _square(10, 10)
    there, back = overlap.border_distances_mm(mask, reference, (0.5, 2.0))
    assert max(there.max(), back.max()) == pytest.approx(3 * 2.0)


def test_an_inner_square_has_a_negative_area_bias() -> None:
    assert overlap.area_bias_pct(_square(15, 15, 10), _square(10, 10)) == pytest.approx(-75)


def test_empty_masks_are_refused() -> None:
    empty = np.zeros((64, 64), dtype=bool)
    with pytest.raises(GeometryError, match="reference mask is empty"):
        overlap.dice(_square(1, 1), empty)
    with pytest.raises(GeometryError, match="no border"):
        overlap.border_distances_mm(empty, _square(1, 1), (1, 1))
