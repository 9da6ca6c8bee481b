"""Stations laid one below the other."""

import numpy as np
import pytest

from callosal.pipelines.stitching.canvas import Canvas
from callosal.pipelines.stitching.common_grid import common_grid
from callosal.pipelines.stitching.settings import Blending, Matching, StitchSettings
from tests.stitching.grids import sagittal

RNG = np.random.default_rng(3)
WHOLE = RNG.uniform(300, 500, (3, 100, 50)).astype(np.float32)
UPPER = sagittal(WHOLE[:, :60])
LOWER = sagittal(WHOLE[:, 40:] / 2, (0, 0, -40))


def _laid(settings: StitchSettings) -> tuple[Canvas, float | None]:
    canvas = Canvas.blank(common_grid([UPPER, LOWER], 0))
    first = canvas.lay(UPPER, None, settings)
    assert (first.gain_log, first.seam_lps_mm) == (None, None)
    return canvas, canvas.lay(LOWER, UPPER, settings).gain_log


@pytest.mark.parametrize("blending", list(Blending))
def test_two_halves_of_a_whole_give_the_whole(blending: Blending) -> None:
    canvas, gain_log = _laid(StitchSettings(blending=blending))
    assert gain_log == pytest.approx(np.log(2), abs=0.01)
    assert canvas.covered.all()
    assert np.abs(canvas.image / WHOLE - 1).max() < 0.05


def test_unmatched_stations_keep_their_brightness() -> None:
    canvas, gain_log = _laid(StitchSettings(matching=Matching.NONE))
    assert gain_log is None
    assert np.allclose(canvas.image[:, :40], WHOLE[:, :40], rtol=1e-4)
    assert np.allclose(canvas.image[:, 60:], WHOLE[:, 60:] / 2, rtol=1e-4)


def test_the_seam_lies_in_the_overlap() -> None:
    canvas = Canvas.blank(common_grid([UPPER, LOWER], 0))
    canvas.lay(UPPER, None, StitchSettings())
    seam = canvas.lay(LOWER, UPPER, StitchSettings()).seam_lps_mm
    assert seam is not None
    assert seam.shape == (3, 50, 3)
    assert (seam[..., 2] < -39).all()
    assert (seam[..., 2] > -60).all()


def test_a_gap_stays_empty() -> None:
    far = sagittal(WHOLE[:, 70:], (0, 0, -70))
    canvas = Canvas.blank(common_grid([UPPER, far], 0))
    canvas.lay(UPPER, None, StitchSettings())
    meeting = canvas.lay(far, UPPER, StitchSettings())
    assert (meeting.gain_log, meeting.seam_lps_mm) == (None, None)
    assert not canvas.image[:, 60:70].any()
    assert not canvas.covered[:, 60:70].any()
