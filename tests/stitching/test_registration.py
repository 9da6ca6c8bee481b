"""The shift of a lower station, how well the overlap agrees, and when nothing can be said."""

from dataclasses import replace

import numpy as np
import pytest
from highdicom import Volume

from callosal.pipelines.phantom.spine import Spine
from callosal.pipelines.phantom.spine_stations import acquire_station
from callosal.pipelines.stitching.common_grid import common_grid, upright
from callosal.pipelines.stitching.joint import REFUSED_AGREEMENT, judge
from callosal.pipelines.stitching.registration import Registration, register
from callosal.pipelines.stitching.settings import StitchSettings
from tests.stitching.conftest import LOWER, UPPER


def _found(upper: Volume, lower: Volume) -> Registration:
    stations = [upright(upper), upright(lower)]
    found = register(stations[0], stations[1], common_grid(stations, 1))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def right(upper: Volume, lower: Volume) -> Registration:
    return _found(upper, lower)


def test_the_shift_takes_the_lower_station_back(right: Registration) -> None:
    assert np.allclose(right.shift_lps_mm, (0, -3, 5.2), atol=0.3)
    assert (right.down_mm, right.along_mm) == pytest.approx((-5.2, -3), abs=0.3)
    assert right.height_mm == pytest.approx(40, abs=1)
    assert right.spread_mm < 0.5
    assert right.n_parts >= 5
    assert right.correlation > 0.9
    assert right.correlation_across < right.correlation


def test_two_patients_agree_in_some_parts_at_most(
    right: Registration, upper: Volume, other_spine: Spine
) -> None:
    wrong = _found(upper, acquire_station(other_spine, LOWER, 2))
    assert right.agreement > 0.8
    assert wrong.agreement < REFUSED_AGREEMENT - 0.1


def test_either_measure_refuses(right: Registration) -> None:
    assert judge(0, 40, right, StitchSettings()).is_joined
    for low in (
        replace(right, agreement=0.35),
        replace(right, correlation=0.55),
        replace(right, agreement=float("nan")),
    ):
        joint = judge(0, 40, low, StitchSettings())
        assert joint.refusal == "overlap_disagrees"


def test_strong_bias_and_noise_do_not_hide_the_shift(spine: Spine, upper: Volume) -> None:
    changed = replace(LOWER, moved_lps_mm=(0, -2, 4), bias=0.5, noise=0.05)
    found = _found(upper, acquire_station(spine, changed, 2))
    assert np.allclose(found.shift_lps_mm, (0, 2, -4), atol=0.4)
    assert found.agreement > 0.6


def test_coils_that_dim_toward_the_overlap_pull_no_shift(spine: Spine) -> None:
    stations = [
        acquire_station(spine, replace(protocol, bias=0.5, noise=0.005), seed)
        for seed, protocol in enumerate((UPPER, LOWER))
    ]
    found = _found(stations[0], stations[1])
    assert (found.down_mm, found.along_mm) == pytest.approx((0, 0), abs=0.04)


def test_air_beside_a_slim_patient_does_not_count(spine: Spine) -> None:
    wide = [
        acquire_station(spine, replace(protocol, matrix=(160, 480)), seed)
        for seed, protocol in enumerate((UPPER, LOWER))
    ]
    found = _found(wide[0], wide[1])
    assert found.correlation > 0.8
    assert found.agreement > 0.8


def test_stations_that_hardly_meet_give_nothing(spine: Spine, upper: Volume) -> None:
    far = acquire_station(spine, replace(LOWER, center_lps_mm=(0, 0, 61)), 2)
    stations = [upright(upper), upright(far)]
    assert register(stations[0], stations[1], common_grid(stations, 1)) is None
