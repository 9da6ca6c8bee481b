"""Commissures are found where they are, and what looks or lies otherwise is refused."""

import numpy as np
import pytest

from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.protocols.commissures import find_commissures
from tests.protocols.made_midbrain import FRAME, slice_with_commissures

AC_MM = tuple(FRAME.to_slice_mm((10.6, -11.6)))
PC_MM = tuple(FRAME.to_slice_mm((-17.1, -13.4)))


@pytest.mark.parametrize(
    ("shift_mm", "turn_deg"), [((0.0, 0.0), 7.0), ((3.0, -2.5), 3.0), ((-2.0, 4.0), 12.0)]
)
def test_both_are_found_wherever_they_lie_near_the_expected_place(shift_mm, turn_deg) -> None:
    ac_mm, pc_mm = np.add(AC_MM, shift_mm), np.add(PC_MM, shift_mm)
    found = find_commissures(slice_with_commissures(ac_mm, pc_mm, turn_deg, noise=8), FRAME)
    assert found.is_found
    assert found.likeness > 0.8
    assert np.linalg.norm(np.subtract(found.ac_mm, ac_mm)) < 0.8
    assert np.linalg.norm(np.subtract(found.pc_mm, pc_mm)) < 0.8
    dx, dy = np.subtract(ac_mm, pc_mm)
    assert found.angle_deg == pytest.approx(np.degrees(np.arctan2(dy, dx)), abs=2)


def test_a_slice_of_other_contrast_is_refused() -> None:
    found = find_commissures(slice_with_commissures(AC_MM, PC_MM, 7, flip=True), FRAME)
    assert not found.is_found


def test_commissures_too_far_apart_are_refused() -> None:
    away = np.subtract(PC_MM, AC_MM)
    far = np.array(PC_MM) + 8 * away / np.linalg.norm(away)
    found = find_commissures(slice_with_commissures(AC_MM, far, 7), FRAME)
    assert not found.is_found or np.linalg.norm(np.subtract(found.pc_mm, far)) > 2


@pytest.mark.parametrize("pixels", ["noise", "flat"])
def test_noise_and_nothing_are_refused(pixels: str) -> None:
    noise = np.random.default_rng(0).standard_normal((220, 220)).astype(np.float32)
    values = noise if pixels == "noise" else np.zeros_like(noise)
    assert not find_commissures(on_slice(values, (0.8, 0.8)), FRAME).is_found
