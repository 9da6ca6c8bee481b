"""Heads in the contrast of another weighting."""

from dataclasses import replace

import numpy as np
import pytest
from highdicom import Volume

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import GeometryError
from callosal.pipelines.case.process import Outcome, process_volume
from callosal.pipelines.evaluation.weightings import BRIGHTNESS, WEIGHTINGS, reweighted_head
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.settings import Settings


@pytest.fixture(scope="module")
def head() -> Volume:
    """Every second voxel, which is enough and much faster."""
    whole = phantom_head(0).volume
    return Volume(whole.array[::2, ::2, ::2], whole.affine @ np.diag([2, 2, 2, 1]), "PATIENT")


@pytest.fixture(scope="module")
def outcome(head: Volume) -> Outcome:
    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)
    return process_volume(head, segmenter, Settings(), {})


def test_the_callosum_gets_the_intensity_of_its_weighting(head: Volume, outcome: Outcome) -> None:
    assert outcome.callosum is not None
    place = outcome.callosum.slice_image
    center = place.mm_to_lps(outcome.callosum.contour_mm.mean(axis=0))
    rows, columns = np.nonzero(outcome.callosum.mask)
    points = place.pixels_to_lps(np.stack([rows, columns], axis=1))
    homogeneous = np.c_[points, np.ones(len(points))]
    index = np.rint(homogeneous @ np.linalg.inv(head.affine).T)[:, :3].astype(int)
    assert np.linalg.norm(points.mean(axis=0) - center) < 10
    for name in ("T2-like", "infant-like T1"):
        weighting = WEIGHTINGS[name]
        shown = reweighted_head(head, outcome.callosum, weighting)
        inside = np.median(shown.array[tuple(index.T)])
        assert inside == pytest.approx(BRIGHTNESS * weighting.callosum, rel=0.1), name
        np.testing.assert_array_equal(shown.affine, head.affine)


def test_fluid_is_bright_in_the_brain_and_bone_is_dark(head: Volume, outcome: Outcome) -> None:
    assert outcome.callosum is not None
    shown = reweighted_head(head, outcome.callosum, WEIGHTINGS["T2-like"]).array
    level = float(np.median(outcome.callosum.slice_image.pixels[outcome.callosum.mask > 0]))
    dark = (head.array > 0.1 * level) & (head.array < 0.25 * level)
    assert np.percentile(shown[dark], 95) > 0.6 * BRIGHTNESS
    corner = shown[:5, :5, :5]
    assert corner.max() < 0.1 * BRIGHTNESS


def test_no_brain_about_the_callosum_is_said(head: Volume, outcome: Outcome) -> None:
    assert outcome.callosum is not None
    empty = head.with_array(np.zeros_like(head.array))
    with pytest.raises(GeometryError, match="no tissue"):
        reweighted_head(empty, replace(outcome.callosum), WEIGHTINGS["T2-like"])
