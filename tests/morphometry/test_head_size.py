"""The head above a plane has a known volume, at any voxel size; a cut head has none."""

import numpy as np
import pytest
from highdicom import Volume

from callosal.pipelines.morphometry.head_size import CUT_OFF, HeadSize, head_size, with_head_size
from callosal.pipelines.morphometry.measures import Morphometry

RADIUS_MM = 80.0
UP = np.array([0.0, np.sin(0.2), np.cos(0.2)])


def ball(spacing_mm: float, reach_mm: float) -> Volume:
    side = np.arange(-reach_mm, reach_mm + 1e-6, spacing_mm)
    x, y, z = np.meshgrid(side, side, side, indexing="ij")
    away = np.sqrt(x**2 + y**2 + z**2)
    # Hollow, as a mask of bright tissue is.
    inside = (away < RADIUS_MM) & (away > 20)
    affine = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    affine[:3, 3] = -reach_mm
    return Volume(inside.astype(np.uint8), affine, "PATIENT")


def measures(area_mm2: float | None) -> Morphometry:
    return Morphometry({"area_mm2": area_mm2}, {}, np.zeros((3, 2)), None, ())


@pytest.mark.parametrize("spacing_mm", [3.0, 4.0])
@pytest.mark.parametrize("height_mm", [0.0, 30.0])
def test_the_volume_above_a_plane(spacing_mm: float, height_mm: float) -> None:
    found = head_size(ball(spacing_mm, 100.0), UP, height_mm * UP)
    cap_mm = RADIUS_MM - height_mm
    true_cm3 = np.pi * cap_mm**2 * (3 * RADIUS_MM - cap_mm) / 3 / 1000
    assert found.above_cm3 == pytest.approx(true_cm3, rel=0.02)


def test_a_head_that_leaves_the_volume_has_no_size() -> None:
    assert head_size(ball(4.0, 60.0), UP, np.zeros(3)).above_cm3 is None
    assert head_size(ball(4.0, 100.0), UP, 90 * UP).above_cm3 is None


def test_the_relative_area_does_not_change_with_scale() -> None:
    one = with_head_size(measures(600.0), HeadSize(1000.0))
    larger = with_head_size(measures(600.0 * 1.1**2), HeadSize(1000.0 * 1.1**3))
    assert one.values["area_to_head"] == pytest.approx(0.06)
    assert larger.values["area_to_head"] == pytest.approx(0.06)
    none = with_head_size(measures(600.0), HeadSize(None))
    assert none.values["head_above_cm3"] is None
    assert none.reasons == {"head_above_cm3": CUT_OFF, "area_to_head": CUT_OFF}
