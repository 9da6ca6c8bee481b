"""Gain and bias of two stations found in their overlap."""

import numpy as np
import pytest

from callosal.pipelines.stitching.brightness import (
    brightness_ratio,
    matched_to_histogram,
    without_field,
)

SPACING_MM = (4.0, 1.0, 1.0)
SHAPE = (3, 40, 60)


@pytest.fixture
def tissue() -> np.ndarray:
    return np.random.default_rng(0).uniform(200, 600, SHAPE).astype(np.float32)


def test_a_gain_is_found_and_air_does_not_count(tissue: np.ndarray) -> None:
    tissue[:, :, :20] = 5
    ratio = brightness_ratio(1.6 * tissue, tissue, np.ones(SHAPE, bool), SPACING_MM)
    assert np.exp(ratio.overall) == pytest.approx(1.6, rel=1e-3)
    assert np.allclose(np.exp(ratio.of_slice(1, SHAPE[1:])[:, 25:]), 1.6, rtol=0.01)


def test_a_bias_along_the_rows_is_found(tissue: np.ndarray) -> None:
    bias = np.exp(np.linspace(-0.3, 0.3, SHAPE[1]))[:, None].astype(np.float32)
    ratio = brightness_ratio(tissue * bias, tissue, np.ones(SHAPE, bool), SPACING_MM)
    field = ratio.of_slice(1, SHAPE[1:]).mean(axis=1)
    assert np.abs(field - np.log(bias[:, 0])).max() < 0.06


def test_each_station_stays_as_it_is_at_its_own_border(tissue: np.ndarray) -> None:
    bias = np.exp(np.linspace(-0.3, 0.3, SHAPE[1]))[:, None].astype(np.float32)
    upper, lower = tissue * bias, tissue.copy()
    ratio = brightness_ratio(upper, lower, np.ones(SHAPE, bool), SPACING_MM)
    first, last = upper[:, 0].copy(), lower[:, -1].copy()
    depth = np.broadcast_to(np.linspace(0, 1, SHAPE[1], dtype=np.float32)[:, None], SHAPE)
    lower *= np.float32(np.exp(ratio.overall))
    last *= np.float32(np.exp(ratio.overall))
    without_field(upper, lower, ratio, depth)
    assert np.array_equal(upper[:, 0], first)
    assert np.allclose(lower[:, -1], last)
    assert np.abs(np.log(upper / lower)).mean() < 0.03


def test_noise_in_air_and_dark_tissue_does_not_change_what_is_found(tissue: np.ndarray) -> None:
    """Air counts for nothing and noise is taken out of what is dark."""
    rng = np.random.default_rng(2)
    tissue[:, :, :25] = 0
    tissue[:, :, 25:40] *= 0.25
    dimmer = np.exp(np.linspace(0, -0.7, SHAPE[1]))[:, None]
    upper, lower = (
        np.hypot(one + rng.normal(0, 25, SHAPE), rng.normal(0, 25, SHAPE)).astype(np.float32)
        for one in (tissue * dimmer, tissue * dimmer[::-1])
    )
    ratio = brightness_ratio(upper, lower, np.ones(SHAPE, bool), SPACING_MM)
    field = ratio.of_slice(1, SHAPE[1:])[3:-3, 30:].mean(axis=1)
    assert np.abs(field - 2 * np.log(dimmer[3:-3, 0]) - 0.7).max() < 0.05
    assert ratio.fall == pytest.approx(0.7, abs=0.07)


def test_two_coils_that_dim_toward_their_ends_leave_half_a_valley(tissue: np.ndarray) -> None:
    tissue[:] = 400
    dimmer = np.exp(np.linspace(0, -0.4, SHAPE[1]))[:, None].astype(np.float32)
    upper, lower = tissue * dimmer, tissue * dimmer[::-1]
    ratio = brightness_ratio(upper, lower, np.ones(SHAPE, bool), SPACING_MM)
    depth = np.broadcast_to(np.linspace(0, 1, SHAPE[1], dtype=np.float32)[:, None], SHAPE)
    without_field(upper, lower, ratio, depth)
    middle = slice(SHAPE[1] // 2 - 1, SHAPE[1] // 2 + 1)
    assert np.log(upper[:, middle] / 400).mean() == pytest.approx(-0.1, abs=0.01)
    assert np.log(lower[:, middle] / 400).mean() == pytest.approx(-0.1, abs=0.01)


def test_without_tissue_nothing_is_changed() -> None:
    empty = np.zeros(SHAPE, np.float32)
    ratio = brightness_ratio(empty, empty, np.ones(SHAPE, bool), SPACING_MM)
    assert ratio.overall == 0
    assert not ratio.of_slice(0, SHAPE[1:]).any()


def test_histograms_are_made_alike_and_empty_voxels_stay_so(tissue: np.ndarray) -> None:
    darker = (0.5 * tissue + 20).astype(np.float32)
    darker[0, 0] = 0
    matched = matched_to_histogram(darker, darker[darker > 0], tissue[darker > 0])
    assert not matched[0, 0].any()
    assert np.allclose(matched[1:], tissue[1:], rtol=0.02)
