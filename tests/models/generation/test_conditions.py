import math

import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.models.generation.conditions import (
    completed_conditions,
    correlate_conditions,
    draw_conditions,
    measure_conditions,
    summarise_conditions,
)
from callosal.models.generation.spec import CONDITION_NAMES, Condition

SCALE_MM = 4.5


def _capsule(angle_deg: float, spacing_mm: float) -> np.ndarray:
    """Mask channel of a capsule 40 mm long between its ends' centres, 10 mm wide."""
    axis = (np.arange(96) - 47.5) * spacing_mm
    x, y = -axis[None, :], -axis[:, None]
    angle = math.radians(angle_deg)
    along = np.clip(math.cos(angle) * x + math.sin(angle) * y, -20, 20)
    gap = np.hypot(x - along * math.cos(angle), y - along * math.sin(angle))
    return np.tanh((5 - gap) / SCALE_MM).astype(np.float32)


@pytest.mark.parametrize("angle_deg", [-30.0, 0.0, 17.0])
def test_a_capsule_has_its_measures(angle_deg: float) -> None:
    spacing_mm = 0.7
    mask = _capsule(angle_deg, spacing_mm)
    image = np.where(mask > 0, 0.5, -0.25).astype(np.float32)
    (values,) = measure_conditions(image[None], mask[None], spacing_mm, SCALE_MM)
    area, length, tilt, contrast = values
    assert area == pytest.approx(40 * 10 + math.pi * 25, rel=0.02)
    assert length == pytest.approx(40 * math.cos(math.radians(angle_deg)) + 10, abs=1.5)
    assert tilt == pytest.approx(angle_deg, abs=0.5)
    assert contrast == pytest.approx(0.75, abs=0.01)


def test_an_empty_mask_has_no_measures() -> None:
    masks = np.stack([_capsule(0, 1.0), np.full((96, 96), -1, np.float32)])
    with pytest.raises(GeometryError, match="mask 1 of the batch is empty"):
        measure_conditions(np.zeros_like(masks), masks, 1.0, SCALE_MM)


def test_the_summary_keeps_names_and_range() -> None:
    values = np.arange(400, dtype=np.float32).reshape(100, 4)
    summary = summarise_conditions(values)
    assert tuple(one.name for one in summary) == CONDITION_NAMES
    assert summary[0].low < summary[0].mean < summary[0].high
    assert summarise_conditions(values[:1])[0].std > 0


def test_the_correlation_of_the_slices_is_kept() -> None:
    draw = np.random.default_rng(0).standard_normal((5000, 4))
    draw[:, 1] = 0.8 * draw[:, 0] + 0.6 * draw[:, 1]
    matrix = np.array(correlate_conditions(draw.astype(np.float32)))
    assert matrix[0, 1] == pytest.approx(0.8, abs=0.03)
    assert matrix[2, 3] == pytest.approx(0.0, abs=0.03)
    np.testing.assert_array_equal(matrix, matrix.T)


def test_a_single_slice_has_no_correlation() -> None:
    matrix = correlate_conditions(np.ones((1, 4), np.float32))
    np.testing.assert_array_equal(matrix, np.eye(4))


def test_draws_go_together_as_the_slices_do() -> None:
    known = [Condition(name, 10.0, 2.0, 2.0, 18.0) for name in CONDITION_NAMES]
    matrix = np.eye(4)
    matrix[0, 1] = matrix[1, 0] = 0.8
    draws = draw_conditions(known, matrix.tolist(), 4, range(4000))
    assert draws.std(0) == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(np.corrcoef(draws.T), matrix, atol=0.05)
    np.testing.assert_array_equal(draw_conditions(known, matrix.tolist(), 4, [37])[0], draws[37])


def test_conditions_that_are_one_and_the_same_can_be_drawn() -> None:
    known = [Condition(name, 10.0, 2.0, 2.0, 18.0) for name in CONDITION_NAMES]
    draws = draw_conditions(known, np.ones((4, 4)).tolist(), 4, range(50))
    assert np.ptp(draws, axis=1).max() < 1e-6


def test_the_rest_follows_what_is_asked_for() -> None:
    known = [Condition(name, 10.0, 2.0, 6.0, 14.0) for name in CONDITION_NAMES]
    matrix = np.eye(4)
    matrix[0, 1] = matrix[1, 0] = 0.8
    asked = np.array([-2.0, np.nan, np.nan, np.nan])
    drawn = draw_conditions(known, matrix.tolist(), 4, range(2000)).astype(np.float64)
    completed = np.array([completed_conditions(asked, one, known, matrix) for one in drawn])
    assert (completed[:, 0] == -2.0).all()
    # Of a normal pair: mean 0.8 times the asked one, deviation the root of 1 - 0.8^2; the range
    # cuts the lower part off.
    assert np.median(completed[:, 1]) == pytest.approx(-1.6, abs=0.06)
    assert completed[:, 1].min() == pytest.approx(-2.0)
    np.testing.assert_array_equal(completed[:, 2:], drawn[:, 2:])


def test_draws_have_the_spread_of_the_data_and_do_not_depend_on_each_other() -> None:
    known = [Condition(name, 10.0, 2.0, 6.0, 15.0) for name in CONDITION_NAMES]
    draws = draw_conditions(known, (), 4, range(4000))
    assert draws.mean(0) == pytest.approx(0, abs=0.05)
    assert draws.std(0) == pytest.approx(1, abs=0.05)
    assert draws.min() == pytest.approx(-2)
    assert np.corrcoef(draws.T)[0, 1] == pytest.approx(0, abs=0.05)
    np.testing.assert_array_equal(draw_conditions(known, (), 4, [37])[0], draws[37])
