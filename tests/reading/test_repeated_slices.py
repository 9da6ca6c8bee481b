"""Copies that nearest-neighbour resampling made are taken out again."""

import numpy as np
import pytest
from highdicom import Volume

from callosal.pipelines.reading.repeated_slices import without_repeats


def volume_of(array: np.ndarray, spacing_mm: tuple[float, float, float]) -> Volume:
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = [-80.0, -100.0, -60.0]
    return Volume(array, affine, "PATIENT")


def resampled(volume: Volume, axis: int, spacing_mm: float) -> Volume:
    """The volume at another distance, each new slice a copy of the nearest."""
    n_slices, old_mm = volume.spatial_shape[axis], volume.spacing[axis]
    places = np.arange(int(n_slices * old_mm / spacing_mm)) * spacing_mm + (spacing_mm - old_mm) / 2
    nearest = np.clip(np.round(places / old_mm), 0, n_slices - 1).astype(int)
    affine = np.array(volume.affine)
    affine[:3, 3] += affine[:3, axis] / old_mm * places[0]
    affine[:3, axis] *= spacing_mm / old_mm
    return Volume(np.take(volume.array, nearest, axis), affine, "PATIENT")


@pytest.fixture(scope="module")
def acquired() -> Volume:
    return volume_of(np.random.default_rng(3).integers(1, 999, (24, 28, 22)), (5.0, 1.0, 3.0))


@pytest.mark.parametrize(("axis", "spacing_mm"), [(0, 2.0), (0, 1.0), (2, 2.0), (2, 1.0)])
def test_the_slices_that_were_acquired_are_back_at_their_place(
    acquired: Volume, axis: int, spacing_mm: float
) -> None:
    found = without_repeats(resampled(acquired, axis, spacing_mm))
    assert found.spacing[axis] == pytest.approx(acquired.spacing[axis], rel=0.01)
    # The first slice is left out: nothing tells where it begins.
    first = acquired.array.take(2, axis)
    at = next(i for i in range(5) if np.array_equal(found.array.take(i, axis), first))
    index = np.zeros((1, 3), int)
    index[0, axis] = at
    expected = index.copy()
    expected[0, axis] = 2
    np.testing.assert_allclose(
        found.map_indices_to_reference(index),
        acquired.map_indices_to_reference(expected),
        atol=0.3 * spacing_mm,
    )


def test_a_volume_without_copies_is_the_same_object(acquired: Volume) -> None:
    assert without_repeats(acquired) is acquired


@pytest.mark.parametrize("copied", [[5], [3, 4, 11, 17], range(12, 23)])
def test_a_few_or_uneven_copies_are_left_alone(acquired: Volume, copied: list[int]) -> None:
    array = acquired.array.copy()
    for index in copied:
        array[index] = array[index - 1]
    volume = volume_of(array, (5.0, 1.0, 3.0))
    assert without_repeats(volume) is volume


def test_empty_and_constant_volumes_are_left_alone() -> None:
    volume = volume_of(np.zeros((16, 16, 16)), (1.0, 1.0, 1.0))
    assert without_repeats(volume) is volume
