import numpy as np
import pytest
from highdicom import Volume

from callosal.pipelines.midplane.localizer_midline import find_localizer_midline
from callosal.pipelines.midplane.sagittal_views import views
from tests.midplane.synthetic_head import HEAD_CENTER_LPS_MM, head_volume, intensities, rotation

SAGITTAL = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


def localizer(count: int, gap_mm: float, shift_mm: float, turn: np.ndarray | None = None) -> Volume:
    """Thin slices of the synthetic head, their middle beside its midline."""
    axes = (np.eye(3) if turn is None else turn) @ SAGITTAL
    shape = (count, 100, 105)
    affine = np.eye(4)
    affine[:3, :3] = axes * (gap_mm, 2.0, 2.0)
    middle_lps_mm = HEAD_CENTER_LPS_MM + shift_mm * axes[:, 0]
    affine[:3, 3] = middle_lps_mm - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    lps = np.indices(shape).reshape(3, -1).T @ affine[:3, :3].T + affine[:3, 3]
    values = intensities(lps - HEAD_CENTER_LPS_MM, 0.3).reshape(shape)
    return Volume(values.astype(np.float32), affine, "PATIENT")


@pytest.mark.parametrize(
    ("count", "gap_mm", "shift_mm"), [(13, 12.0, 5.0), (9, 15.0, -6.0), (7, 15.0, 3.0)]
)
def test_the_midline_is_found_between_far_slices(
    count: int, gap_mm: float, shift_mm: float
) -> None:
    volume = localizer(count, gap_mm, shift_mm, rotation(4, 5, -6))
    midline = find_localizer_midline(volume, count, gap_mm)
    assert midline is not None
    assert midline.error_mm == gap_mm / 4
    assert midline.farthest_mm(HEAD_CENTER_LPS_MM) < 2 * midline.error_mm
    aside_lps_mm = HEAD_CENTER_LPS_MM + 15 * midline.plane.normal
    assert midline.farthest_mm(aside_lps_mm) == pytest.approx(15 + gap_mm / 4, abs=gap_mm / 4)


@pytest.mark.parametrize(("count", "gap_mm"), [(1, 5.0), (3, 20.0), (4, 20.0), (8, 5.0)])
def test_few_slices_do_not_tell_it(count: int, gap_mm: float) -> None:
    assert find_localizer_midline(localizer(count, gap_mm, 2.0), count, gap_mm) is None


def test_slices_without_a_head_do_not_tell_it() -> None:
    empty = localizer(9, 12.0, 0.0)
    noise = np.random.default_rng(1).normal(100, 20, empty.spatial_shape).astype(np.float32)
    assert find_localizer_midline(empty.with_array(noise), 9, 12.0) is None
    assert find_localizer_midline(empty.with_array(np.zeros_like(noise)), 9, 12.0) is None


def test_only_localizers_are_asked_for_their_midline() -> None:
    assert views(localizer(9, 12.0, 3.0), 2.0).midline is not None
    assert views(localizer(3, 12.0, 3.0), 2.0).midline is None
    assert views(head_volume(), 2.0).midline is None
