"""The drawn spine: its parts lie where it says, and differ from patient to patient."""

import numpy as np

from callosal.pipelines.phantom.spine import N_VERTEBRAE, Spine, phantom_spine

SIZE_MM, SPACING_MM = (12.0, 640.0, 120.0), (4.0, 1.0, 1.0)


def _drawn(seed: int) -> Spine:
    return phantom_spine(seed, SIZE_MM, SPACING_MM, 320.0)


def test_a_seed_gives_one_patient() -> None:
    first, again, other = _drawn(1), _drawn(1), _drawn(2)
    assert np.array_equal(first.volume.array, again.volume.array)
    assert not np.allclose(first.vertebrae_lps_mm, other.vertebrae_lps_mm, atol=1)


def test_it_lies_where_it_was_asked_for() -> None:
    volume = _drawn(1).volume
    assert volume.spatial_shape == (3, 640, 120)
    assert volume.map_indices_to_reference(np.zeros((1, 3)))[0][2] == 320
    assert np.isfinite(volume.array).all()
    assert 0 <= volume.array.min() < volume.array.max() < 1500


def test_bodies_lie_at_their_centres_in_a_row() -> None:
    spine = _drawn(1)
    assert spine.vertebrae_lps_mm.shape == (N_VERTEBRAE, 3)
    heights = spine.vertebrae_lps_mm[:, 2]
    assert (np.diff(heights) < 0).all()
    assert -np.diff(heights)[-5:].mean() > -1.3 * np.diff(heights)[:5].mean()
    at = np.round(spine.volume.map_reference_to_indices(spine.vertebrae_lps_mm)).astype(int)
    slices = np.clip(at[:, 0], 0, 2)
    # Marrow is bright, and muscle is not.
    body = spine.volume.array[slices, at[:, 1], at[:, 2]]
    assert (body > 300).mean() > 0.9
