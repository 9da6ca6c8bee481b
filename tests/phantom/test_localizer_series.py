from pathlib import Path

import numpy as np
import pydicom
import pytest
from highdicom import Volume

from callosal.pipelines.phantom.localizer_series import (
    LocalizerProtocol,
    acquire_localizer,
    write_localizer,
)
from callosal.pipelines.phantom.reference_pose import RigidMotion
from callosal.pipelines.reading.cases import find_cases

PROTOCOL = LocalizerProtocol((3, 2, 4), 8.0, 12.0, pixel_mm=4.0, matrix=40, noise=0.0)
MIDDLE = np.array([4.0, -6.0, 10.0])


def head_of(values: np.ndarray, voxel_mm: float) -> Volume:
    """A cube of voxels about MIDDLE, turned in the scanner."""
    turned = RigidMotion.of_angles(12, -7, 9, MIDDLE, (0, 0, 0)).matrix
    grid = np.diag([voxel_mm, voxel_mm, voxel_mm, 1.0])
    grid[:3, 3] = MIDDLE - voxel_mm * (np.array(values.shape) - 1) / 2
    return Volume(values, turned @ grid, "PATIENT")


def places_lps_mm(volume: Volume) -> np.ndarray:
    index = np.moveaxis(np.indices(volume.spatial_shape), 0, -1)
    return index @ volume.affine[:3, :3].T + volume.affine[:3, 3]


@pytest.fixture(scope="module")
def ramp() -> Volume:
    """A head whose intensity grows evenly along a direction of patient space."""
    empty = head_of(np.zeros((50, 50, 50), np.float32), 3.0)
    values = places_lps_mm(empty) @ (1.0, 2.0, -0.5) + 1000
    return empty.with_array(values.astype(np.float32))


def test_pixels_show_what_lies_at_their_place(ramp: Volume) -> None:
    stacks = acquire_localizer(ramp, PROTOCOL, MIDDLE)
    assert [stack.spatial_shape for stack in stacks] == [(3, 40, 40), (2, 40, 40), (4, 40, 40)]
    for stack, normal in zip(stacks, ((-1, 0, 0), (0, 1, 0), (0, 0, 1)), strict=True):
        assert stack.spacing == pytest.approx((12, 4, 4))
        assert stack.affine[:3, 0] / 12 == pytest.approx(normal)
        assert stack.center_position == pytest.approx(MIDDLE)
        places = places_lps_mm(stack)
        within = np.linalg.norm(places - MIDDLE, axis=-1) < 60
        expected = places @ (1.0, 2.0, -0.5) + 1000
        np.testing.assert_allclose(stack.array[within], expected[within], atol=0.01)


def test_a_slice_is_the_mean_over_its_thickness() -> None:
    sheet = np.zeros((61, 61, 61), np.float32)
    sheet[33] = 800  # 1 mm thick, 3 mm to the left of the middle
    grid = np.diag([1.0, 1.0, 1.0, 1.0])
    grid[:3, 3] = -30
    head = Volume(sheet, grid, "PATIENT")
    thick, thin = (
        acquire_localizer(head, LocalizerProtocol((1, 0, 0), mm, 12.0, 1.0, 31, 0.0), np.zeros(3))[
            0
        ]
        for mm in (8.0, 5.0)
    )
    assert thick.array[0, 15, 15] == pytest.approx(100)
    assert thin.array[0, 15, 15] == pytest.approx(0)


def test_outside_of_the_head_there_is_noise_of_the_strength_asked_for(ramp: Volume) -> None:
    protocol = LocalizerProtocol((0, 0, 1), 8.0, 12.0, 4.0, 90, 0.03)
    (stack,) = acquire_localizer(ramp, protocol, MIDDLE, seed=3)
    corner = stack.array[0, :15, :15]
    high = float(np.percentile(ramp.array, 99))
    # The mean of a Rayleigh distribution is 1.25 of the standard deviation.
    assert corner.mean() == pytest.approx(0.03 * high * 1.2533, rel=0.1)
    (again,) = acquire_localizer(ramp, protocol, MIDDLE, seed=3)
    np.testing.assert_array_equal(stack.array, again.array)
    (other,) = acquire_localizer(ramp, protocol, MIDDLE, seed=4)
    assert not np.array_equal(stack.array, other.array)


def test_a_head_out_of_reach_gives_empty_slices(ramp: Volume) -> None:
    (stack,) = acquire_localizer(
        ramp, LocalizerProtocol((1, 0, 0), 8.0, 12.0, 1.0, 32, 0.0), MIDDLE + np.array([0, 500, 0])
    )
    assert not stack.array.any()


@pytest.mark.parametrize("one_series", [True, False])
def test_written_stacks_are_read_as_one_localizer(
    ramp: Volume, tmp_path: Path, one_series: bool
) -> None:
    stacks = acquire_localizer(ramp, PROTOCOL, MIDDLE)
    paths = write_localizer(stacks, tmp_path, thickness_mm=8.0, one_series=one_series)
    headers = [pydicom.dcmread(path) for path in paths]
    assert len({header.SOPInstanceUID for header in headers}) == 9
    assert len({header.SeriesInstanceUID for header in headers}) == (1 if one_series else 3)
    assert {float(header.SliceThickness) for header in headers} == {8.0}
    if one_series:
        assert [header.InstanceNumber for header in headers] == list(range(1, 10))
    (case,) = find_cases([tmp_path]).cases
    assert case.kind == "localizer"
    read = {stack.spatial_shape[0]: stack for stack in case.load().stacks}
    for stack in stacks:
        found = read[stack.spatial_shape[0]]
        np.testing.assert_allclose(found.affine, stack.affine, atol=1e-6)
        scale = float(stack.array.max()) / 32767
        np.testing.assert_allclose(found.array, stack.array, atol=scale)


def test_a_protocol_says_what_it_is() -> None:
    assert str(LocalizerProtocol()) == "5+5+5, 5 mm, every 10"
    assert str(LocalizerProtocol((3, 3, 3), 8, 12)) == "3+3+3, 8 mm, every 12"
