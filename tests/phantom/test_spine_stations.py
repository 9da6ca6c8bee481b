"""Stations of a drawn spine: what their headers say, and what they do not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from callosal.pipelines.phantom.spine import Spine, phantom_spine
from callosal.pipelines.phantom.spine_stations import (
    StationProtocol,
    acquire_station,
    drawn_protocols,
    station_affine,
    true_signal,
    write_made_exam,
)
from callosal.pipelines.stitching.exams import find_exams

PROTOCOL = StationProtocol((0, 0, 0), (60, 50), 1.5, 3, noise=0.0, bias=0.0)


@pytest.fixture(scope="module")
def spine() -> Spine:
    return phantom_spine(1, (12.0, 200.0, 100.0), (4.0, 1.0, 1.0), 100.0)


def test_the_headers_place_the_middle() -> None:
    affine = station_affine(replace(PROTOCOL, center_lps_mm=(1, -2, 30), tilt_deg=10))
    assert np.allclose(affine @ [1, 29.5, 24.5, 1], (1, -2, 30, 1))
    assert np.allclose(np.linalg.norm(affine[:3, :3], axis=0), (4, 1.5, 1.5))


def test_gain_bias_and_noise_are_what_was_asked_for(spine: Spine) -> None:
    plain = acquire_station(spine, PROTOCOL).array.astype(float)
    louder = acquire_station(spine, replace(PROTOCOL, gain=2.0)).array
    assert np.abs(louder - 2 * plain).max() <= 2
    dim = acquire_station(spine, replace(PROTOCOL, bias=0.5)).array
    tissue = plain > 100
    assert dim[:, :3][tissue[:, :3]].sum() < 0.7 * plain[:, :3][tissue[:, :3]].sum()
    noisy = acquire_station(spine, replace(PROTOCOL, noise=0.05), 1).array
    assert 0.03 < (noisy[tissue] - plain[tissue]).std() / np.percentile(plain, 99) < 0.08


def test_motion_is_seen_and_not_told(spine: Spine) -> None:
    shape = (3, 60, 50)
    still = true_signal(spine, station_affine(PROTOCOL), shape)
    cut = replace(PROTOCOL, moved_lps_mm=(0.0, 3.0, 0.0))
    moved = true_signal(spine, station_affine(cut), shape, cut)
    # Columns run toward the back, 1.5 mm each.
    assert np.allclose(moved[:, :, 2:], still[:, :, :-2], atol=1e-2)
    assert np.array_equal(station_affine(cut), station_affine(PROTOCOL))


def test_another_contrast_turns_bright_and_dark(spine: Spine) -> None:
    plain = acquire_station(spine, PROTOCOL).array.astype(float)
    other = acquire_station(spine, replace(PROTOCOL, is_inverted=True)).array.astype(float)
    tissue = plain > 100
    assert np.corrcoef(plain[tissue], other[tissue])[0, 1] < -0.9


def test_drawn_stations_overlap_as_asked() -> None:
    protocols = drawn_protocols(4, 3, 1.0, 200.0, 0.25)
    heights = [protocol.center_lps_mm[2] for protocol in protocols]
    assert np.allclose(-np.diff(heights), 150)
    assert protocols[0].moved_lps_mm == (0, 0, 0)
    assert any(protocols[1].moved_lps_mm)
    assert all(p.matrix[0] * p.pixel_mm == pytest.approx(200, abs=1) for p in protocols)


def test_a_made_exam_is_found_as_one(tmp_path: Path) -> None:
    protocols = write_made_exam(tmp_path, 2, 2, 2.5, 120.0)
    (exam,) = find_exams([tmp_path]).exams
    assert [stack.header.series_number for stack in exam.stacks] == [2, 3]
    assert [len(stack.planes) for stack in exam.stacks] == [p.n_slices for p in protocols]
