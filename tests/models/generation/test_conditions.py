import math

import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.models.generation.conditions import (
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


def test_draws_have_the_spread_of_the_data_and_do_not_depend_on_each_other() -> None:
    known = [Condition(name, 10.0, 2.0, 6.0, 15.0) for name in CONDITION_NAMES]
    draws = draw_conditions(known, 4, range(4000))
    assert draws.mean(0) == pytest.approx(0, abs=0.05)
    assert draws.std(0) == pytest.approx(1, abs=0.05)
    assert draws.min() == pytest.approx(-2)
    assert np.corrcoef(draws.T)[0, 1] == pytest.approx(0, abs=0.05)
    np.testing.assert_array_equal(draw_conditions(known, 4, [37])[0], draws[37])
