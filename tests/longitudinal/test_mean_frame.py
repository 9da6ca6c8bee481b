"""The mean frame lies half-way between two visits, and the same wherever one begins."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from callosal.pipelines.follow_up.registration import Motion
from callosal.pipelines.longitudinal.mean_frame import mean_frame


def motion(angles_deg: tuple[float, float, float], shift_mm: tuple[float, float, float]) -> Motion:
    turn = Rotation.from_rotvec(np.radians(angles_deg)).as_matrix()
    return Motion(turn, np.array(shift_mm), 1.0)


def matrix(found: Motion) -> np.ndarray:
    made = np.eye(4)
    made[:3, :3], made[:3, 3] = found.rotation, found.shift_mm
    return made


def between(one: np.ndarray, other: np.ndarray) -> Motion:
    """The motion from one visit to another, from their motions from a common one."""
    found = other @ np.linalg.inv(one)
    return Motion(found[:3, :3], found[:3, 3], 1.0)


def test_two_visits_meet_half_way() -> None:
    there = motion((2, -3, 1), (1.5, -2, 0.5))
    frame = mean_frame({(0, 1): there}, 2)
    first, second = frame.to_mean
    np.testing.assert_allclose(second @ matrix(there), first, atol=1e-9)
    # From the first to the mean is as far as from the mean to the second.
    np.testing.assert_allclose(first, np.linalg.inv(second), atol=1e-9)
    assert frame.spread_mm == pytest.approx(0, abs=1e-6)


def test_the_order_of_three_visits_does_not_matter() -> None:
    places = [matrix(motion(*found)) for found in (
        ((0, 0, 0), (0, 0, 0)), ((3, 1, -2), (2, 0, 1)), ((-1, 2, 2), (-1, 3, 0)),
    )]  # fmt: skip
    pairs = ((0, 1), (0, 2), (1, 2))
    frame = mean_frame({(i, j): between(places[i], places[j]) for i, j in pairs}, 3)
    turned = [places[2], places[0], places[1]]
    again = mean_frame({(i, j): between(turned[i], turned[j]) for i, j in pairs}, 3)
    np.testing.assert_allclose(frame.to_mean[0], again.to_mean[1], atol=1e-9)
    np.testing.assert_allclose(frame.to_mean[2], again.to_mean[0], atol=1e-9)
    assert frame.spread_mm < 0.05


def test_motions_that_contradict_each_other_are_seen() -> None:
    shift = motion((0, 0, 0), (1.0, 0, 0))
    frame = mean_frame({(0, 1): shift, (1, 2): shift, (0, 2): shift}, 3)
    assert frame.spread_mm == pytest.approx(1 / 3, abs=0.01)
