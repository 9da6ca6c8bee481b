"""Where the seam of two stations runs, and how they are blended about it."""

import numpy as np

from callosal.pipelines.stitching.seam import lower_shares, seam_rows, smooth_share

SHAPE = (3, 41, 60)
SPACING_MM = (4.0, 1.0, 1.0)
DEPTH = np.broadcast_to(np.linspace(0, 1, 41, dtype=np.float32)[:, None], SHAPE)


def _seam(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    return seam_rows(upper, lower, np.ones(SHAPE, bool), DEPTH, SPACING_MM)


def test_without_a_reason_the_seam_runs_through_the_middle() -> None:
    flat = np.full(SHAPE, 100, np.float32)
    assert np.abs(_seam(flat, flat) - 20).max() <= 1


def test_the_seam_runs_round_a_difference() -> None:
    upper, lower = (np.full(SHAPE, 100, np.float32) for _ in range(2))
    lower[:, 15:27, 20:40] = 400
    rows = _seam(upper, lower)[:, 25:35]
    assert ((rows < 14) | (rows > 27)).all()
    assert rows.min() > 0.15 * 40 - 1
    assert rows.max() < 0.85 * 40 + 1


def test_the_seam_does_not_run_along_an_edge_of_tissue() -> None:
    edge = np.full(SHAPE, 100, np.float32)
    edge[:, 20:] = 400
    assert (np.abs(_seam(edge, edge) - 20) > 2).all()


def test_the_blend_is_narrow_and_reaches_both_ends() -> None:
    shares = lower_shares(np.full((3, 60), 20, np.float32), 41, 4.0)
    assert not shares[:, :16].any()
    assert (shares[:, 25:] == 1).all()
    assert np.allclose(shares[:, 20], 0.5)
    assert (np.diff(smooth_share(np.linspace(-0.2, 1.2, 50, dtype=np.float32))) >= 0).all()
