from pathlib import Path

import numpy as np
import pytest
from highdicom import Volume
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from callosal.models.errors import GeometryError, InputError
from callosal.pipelines.midplane.midsagittal import MidsagittalPlane, find_midsagittal_plane
from callosal.pipelines.phantom.demo_head import mni152_file, mni152_head
from callosal.pipelines.reading.cases import find_cases
from tests.midplane.synthetic_head import HEAD_CENTER_LPS_MM, head_volume, rotation

Array = NDArray[np.float64]
RIGHT = np.array([-1.0, 0.0, 0.0])


def angle_deg(first: Array, second: Array) -> float:
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(first, second)), first @ second)))


def offset_mm(plane: MidsagittalPlane, point_lps_mm: Array) -> float:
    return abs(float((plane.point_lps_mm - point_lps_mm) @ plane.normal))


def moved(volume: Volume, turn: Array, shift_mm: Array) -> tuple[Volume, Array]:
    """The same voxels with the patient moved by the headers, and the 4x4 motion."""
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = turn, shift_mm
    return Volume(volume.array, motion @ volume.affine, "PATIENT"), motion


def turned_data(volume: Volume, turn: Array) -> tuple[Volume, Array]:
    """The voxels resampled after the patient turned about the middle, and the 4x4 motion."""
    middle = np.array(volume.center_position)
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = turn, middle - turn @ middle
    index = np.linalg.inv(motion @ volume.affine) @ volume.affine
    values = affine_transform(volume.array.astype(np.float32), index[:3, :3], index[:3, 3], order=1)
    return volume.with_array(values), motion


@pytest.fixture(scope="module")
def upright() -> tuple[Volume, MidsagittalPlane]:
    """A head that is not turned, and its plane."""
    volume = head_volume()
    return volume, find_midsagittal_plane(volume)


@pytest.fixture(scope="module")
def turned_head() -> tuple[Volume, MidsagittalPlane]:
    """A head that is turned about all axes, and its plane."""
    volume = head_volume(rotation(4, -6, 10))
    return volume, find_midsagittal_plane(volume)


def test_air_far_below_zero_changes_no_plane(upright: tuple[Volume, MidsagittalPlane]) -> None:
    volume, plane = upright
    lifted = find_midsagittal_plane(volume.with_array(volume.array - 3 * volume.array.max()))
    assert angle_deg(lifted.normal, plane.normal) < 0.01
    assert offset_mm(lifted, plane.point_lps_mm) < 0.01


@pytest.mark.parametrize("angles_deg", [(0, 0, 0), (30, -30, 30), (-30, 30, 30), (10, 25, -20)])
def test_plane_of_a_turned_head(angles_deg: tuple[float, float, float]) -> None:
    turn = rotation(*angles_deg)
    plane = find_midsagittal_plane(head_volume(turn))
    assert angle_deg(plane.normal, turn @ RIGHT) < 0.5
    assert offset_mm(plane, HEAD_CENTER_LPS_MM) < 0.5
    assert plane.flags == ()
    assert plane.symmetry > 0.6


def test_symmetric_head_is_found_exactly_and_says_so() -> None:
    turn = rotation(5, 8, -11)
    plane = find_midsagittal_plane(head_volume(turn, asymmetry=0.0))
    assert angle_deg(plane.normal, turn @ RIGHT) < 0.1
    assert offset_mm(plane, HEAD_CENTER_LPS_MM) < 0.05
    assert plane.symmetry > 0.98
    assert plane.uncertainty_deg < 0.1
    assert plane.uncertainty_mm < 0.1


def test_uncertainty_grows_with_asymmetry() -> None:
    even = find_midsagittal_plane(head_volume(asymmetry=0.1))
    uneven = find_midsagittal_plane(head_volume(asymmetry=1.0))
    assert uneven.uncertainty_deg > even.uncertainty_deg > 0
    assert uneven.uncertainty_mm > even.uncertainty_mm > 0
    assert uneven.symmetry < even.symmetry


@pytest.mark.parametrize("spacing_mm", [(5, 1.5, 1.5), (1.5, 5, 1.5), (1.5, 1.5, 5)])
def test_thick_slices_in_any_direction(spacing_mm: tuple[float, float, float]) -> None:
    turn = rotation(-8, 12, 9)
    plane = find_midsagittal_plane(head_volume(turn, spacing_mm))
    assert angle_deg(plane.normal, turn @ RIGHT) < 1.0
    assert offset_mm(plane, HEAD_CENTER_LPS_MM) < 0.7


@settings(max_examples=4, deadline=None)
@given(
    angles_deg=st.tuples(*[st.floats(-25, 25)] * 3),
    shift_mm=st.tuples(*[st.floats(-100, 100)] * 3),
)
def test_headers_alone_move_the_plane_exactly(
    upright: tuple[Volume, MidsagittalPlane],
    angles_deg: tuple[float, float, float],
    shift_mm: tuple[float, float, float],
) -> None:
    volume, plane = upright
    other, motion = moved(volume, rotation(*angles_deg), np.array(shift_mm))
    found = find_midsagittal_plane(other)
    assert angle_deg(found.normal, motion[:3, :3] @ plane.normal) < 0.01
    assert offset_mm(found, motion[:3, :3] @ plane.point_lps_mm + motion[:3, 3]) < 0.01


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0)])
def test_axis_order_and_direction_do_not_matter(
    turned_head: tuple[Volume, MidsagittalPlane], order: tuple[int, int, int]
) -> None:
    volume, plane = turned_head
    other = volume.permute_spatial_axes(order).flip_spatial([0, 1])
    found = find_midsagittal_plane(other)
    assert angle_deg(found.normal, plane.normal) < 0.05
    assert offset_mm(found, plane.point_lps_mm) < 0.05


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float64", ">i2"])
def test_any_dtype(upright: tuple[Volume, MidsagittalPlane], dtype: str) -> None:
    volume, _ = upright
    values = (volume.array / volume.array.max() * 250).astype(dtype)
    plane = find_midsagittal_plane(volume.with_array(values))
    assert angle_deg(plane.normal, RIGHT) < 0.5


def lesioned(volume: Volume, center_lps_mm: Array) -> Volume:
    """The volume with a dark ball of 40 mm."""
    index = np.indices(volume.shape).reshape(3, -1)
    lps = volume.affine[:3, :3] @ index + volume.affine[:3, 3:]
    inside = np.linalg.norm(lps - center_lps_mm[:, None], axis=0).reshape(volume.shape) < 20
    return volume.with_array(np.where(inside, volume.array * 0.15, volume.array))


@pytest.mark.parametrize("side", [-1, 1])
def test_a_dark_lesion_hardly_moves_the_plane(
    upright: tuple[Volume, MidsagittalPlane], side: int
) -> None:
    volume, plane = upright
    middle = HEAD_CENTER_LPS_MM + np.array([35.0 * side, 10.0, 15.0])
    found = find_midsagittal_plane(lesioned(volume, middle))
    assert angle_deg(found.normal, plane.normal) < 1.0
    assert offset_mm(found, plane.point_lps_mm) < 1.0


def test_shading_hardly_moves_the_plane(upright: tuple[Volume, MidsagittalPlane]) -> None:
    volume, plane = upright
    shade = np.exp(np.linspace(-0.7, 0.7, volume.shape[0]))[:, None, None]
    found = find_midsagittal_plane(volume.with_array(volume.array * shade.astype(np.float32)))
    assert angle_deg(found.normal, plane.normal) < 0.2
    assert offset_mm(found, plane.point_lps_mm) < 0.3


def test_noise_is_flagged(upright: tuple[Volume, MidsagittalPlane]) -> None:
    volume, _ = upright
    noise = np.random.default_rng(3).uniform(1, 100, volume.shape)
    plane = find_midsagittal_plane(volume.with_array(noise))
    assert "weak_symmetry" in plane.flags
    assert 0 <= plane.symmetry < 0.4
    assert np.isfinite([plane.uncertainty_deg, plane.uncertainty_mm, *plane.normal]).all()


def test_not_a_number_voxels_are_taken_as_unmeasured(
    upright: tuple[Volume, MidsagittalPlane],
) -> None:
    volume, _ = upright
    values = volume.array.copy()
    values[:4] = np.nan
    plane = find_midsagittal_plane(volume.with_array(values))
    assert angle_deg(plane.normal, RIGHT) < 0.5


def test_refuses_what_has_no_plane(upright: tuple[Volume, MidsagittalPlane]) -> None:
    volume, _ = upright
    with pytest.raises(InputError) as empty:
        find_midsagittal_plane(volume.with_array(np.full(volume.shape, 7, np.int16)))
    assert empty.value.code == "empty_volume"
    with pytest.raises(InputError) as blank:
        find_midsagittal_plane(volume.with_array(np.zeros(volume.shape, np.int16)))
    assert blank.value.code == "empty_volume"
    with pytest.raises(InputError) as thin:
        find_midsagittal_plane(volume[:3])
    assert thin.value.code == "too_thin"


@pytest.mark.skipif(mni152_file("t1") is None, reason="nilearn is not installed")
def test_mni152_midplane_is_x_0() -> None:
    plane = find_midsagittal_plane(mni152_head().volume)
    assert angle_deg(plane.normal, RIGHT) < 0.05
    assert offset_mm(plane, np.zeros(3)) < 0.05


@pytest.mark.skipif(mni152_file("t1") is None, reason="nilearn is not installed")
@pytest.mark.parametrize("place", [(-22.0, 3.0, 42.0), (22.0, 53.0, 42.0)])
def test_a_lesion_by_the_midline_of_a_stripped_brain(place: tuple[float, float, float]) -> None:
    """The lesion is the strongest contrast there is, and itself symmetric about other planes."""
    plane = find_midsagittal_plane(lesioned(mni152_head().volume[::2, ::2, ::2], np.array(place)))
    assert angle_deg(plane.normal, RIGHT) < 1.0
    assert offset_mm(plane, np.zeros(3)) < 1.0
    assert plane.flags == ()


@pytest.mark.shared
@pytest.mark.parametrize(
    "series", ["sag-mprage-3t", "xa30-enhanced", "brainix/T1", "brainix/FLAIR"]
)
def test_real_series_keep_their_plane_when_the_data_turn(shared_data: Path, series: str) -> None:
    volume = find_cases([shared_data / "dicom" / series]).cases[0].load()
    plane = find_midsagittal_plane(volume)
    assert plane.flags == ()
    turned, motion = turned_data(volume, rotation(9, -14, 12))
    found = find_midsagittal_plane(turned)
    limit = 0.4 if max(volume.spacing) < 3 else 1.0
    assert angle_deg(found.normal, motion[:3, :3] @ plane.normal) < limit
    assert offset_mm(found, motion[:3, :3] @ plane.point_lps_mm + motion[:3, 3]) < limit


def sparse_volume(seed: int) -> Volume:
    """A volume with little in it: dots, a box, one side, labels, noise below zero."""
    rng = np.random.default_rng(seed)
    shape = tuple(int(length) for length in rng.integers(2, 48, 3))
    values = np.zeros(shape, np.float32)
    match seed % 6:
        case 0:
            dots = tuple(rng.integers(0, length, 40) for length in shape)
            values[dots] = rng.uniform(1, 100, 40)
        case 1:
            corner = [int(rng.integers(0, length)) for length in shape]
            values[tuple(slice(start, start + 5) for start in corner)] = 7
        case 2:
            values[: shape[0] // 2] = rng.normal(100, 20, values[: shape[0] // 2].shape)
        case 3:
            values[...] = rng.integers(0, 4, shape) * (rng.random(shape) < 0.01)
        case 4:
            values[...] = -rng.random(shape)
        case _:
            values[...] = 7
            values[:, : int(rng.integers(1, shape[1] + 1))] = rng.uniform(0, 1e30)
    affine = np.diag([*rng.uniform(0.8, 6, 3), 1.0])
    return Volume(values, affine, "PATIENT")


@settings(deadline=None, max_examples=6, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000))
@example(0)
@example(1)
@example(2)
@example(3)
@example(4)
@example(5)
def test_volumes_with_little_in_them_are_refused_with_a_code_or_doubted(seed: int) -> None:
    try:
        plane = find_midsagittal_plane(sparse_volume(seed))
    except (InputError, GeometryError) as error:
        if error.code not in {"too_little_head", "too_thin", "empty_volume"}:
            raise
        return
    found = [plane.uncertainty_deg, plane.uncertainty_mm, plane.symmetry, *plane.normal]
    assert np.isfinite(found).all()


def test_dots_as_of_an_angiogram_are_too_little_of_a_head() -> None:
    rng = np.random.default_rng(1)
    values = np.zeros((40, 50, 60), np.float32)
    values[tuple(rng.integers(0, length, 40) for length in values.shape)] = 50
    with pytest.raises(InputError) as caught:
        find_midsagittal_plane(Volume(values, np.diag([3.0, 3, 3, 1]), "PATIENT"))
    assert caught.value.code == "too_little_head"
