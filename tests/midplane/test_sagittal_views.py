import numpy as np
import pytest
from highdicom import Volume

from callosal.models.errors import InputError
from callosal.pipelines.midplane.sagittal_views import StackShape, sagittal_candidates, views
from tests.midplane.synthetic_head import HEAD_CENTER_LPS_MM, head_volume, intensities, rotation

SAGITTAL = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
AXIAL = np.array([[0.0, 0, 1], [0, 1, 0], [1, 0, 0]])
CORONAL = np.array([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]])


def stack(axes: np.ndarray, count: int, distance_mm: float, pixel_mm: float = 3.0) -> Volume:
    """Slices of the synthetic head, each thin, centred on it."""
    shape = (count, int(200 / pixel_mm), int(210 / pixel_mm))
    affine = np.eye(4)
    affine[:3, :3] = axes * (distance_mm, pixel_mm, pixel_mm)
    affine[:3, 3] = HEAD_CENTER_LPS_MM - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    lps = np.indices(shape).reshape(3, -1).T @ affine[:3, :3].T + affine[:3, 3]
    values = intensities(lps - HEAD_CENTER_LPS_MM, 0.3).reshape(shape)
    return Volume(values.astype(np.float32), affine, "PATIENT")


@pytest.mark.parametrize(
    ("axes", "count", "distance_mm", "is_volume"),
    [
        (SAGITTAL, 160, 1.0, True),
        (SAGITTAL, 24, 6.0, True),
        (SAGITTAL, 15, 6.5, False),
        (SAGITTAL, 3, 20.0, False),
        (SAGITTAL, 1, 1.0, False),
        (SAGITTAL, 20, 1.0, False),
        (AXIAL, 22, 6.0, True),
        (CORONAL, 12, 8.0, True),
        (AXIAL, 3, 10.0, False),
        (AXIAL, 10, 2.0, False),
    ],
)
def test_which_stacks_are_volumes(
    axes: np.ndarray, count: int, distance_mm: float, is_volume: bool
) -> None:
    affine = np.eye(4)
    affine[:3, :3] = axes * (distance_mm, 1.0, 1.0)
    shape = StackShape.of(Volume(np.zeros((count, 200, 210), np.uint8), affine, "PATIENT"))
    assert shape.is_volume is is_volume
    assert shape.count == count
    assert shape.spacing_mm == pytest.approx(distance_mm)
    assert shape.is_sagittal is (axes is SAGITTAL)


def test_axial_stack_gives_one_slice_on_its_midplane() -> None:
    found = views(stack(AXIAL, 26, 6.0, pixel_mm=2.0), spacing_mm=1.0)
    assert found.dof_estimated == 3
    assert found.plane is not None
    assert len(found.slices) == 1
    np.testing.assert_allclose(found.slices[0].normal, found.plane.normal, atol=1e-12)
    assert np.degrees(np.arccos(-found.plane.normal[0])) < 1.0
    offset_mm = (found.plane.point_lps_mm - HEAD_CENTER_LPS_MM) @ found.plane.normal
    assert abs(offset_mm) < 0.7


def test_localizer_gives_its_own_slices() -> None:
    localizer = stack(SAGITTAL, 5, 12.0, pixel_mm=2.0)
    found = views(localizer, spacing_mm=1.0)
    assert found.dof_estimated == 1
    assert found.plane is None
    assert len(found.slices) == 5
    for index, image in enumerate(found.slices):
        np.testing.assert_allclose(image.normal, [-1, 0, 0], atol=1e-12)
        np.testing.assert_allclose(image.row_dir, [0, 1, 0], atol=1e-12)
        assert image.spacing_mm == (1.0, 1.0)
        center = HEAD_CENTER_LPS_MM[0] + (index - 2) * 12.0
        assert image.center_lps_mm[0] == pytest.approx(center)
        native = localizer.array[index]
        assert image.pixels.shape == (native.shape[0] * 2, native.shape[1] * 2)
        # pixel centres of 1 mm straddle those of 2 mm, so the mean over pairs is near the native
        means = image.pixels.reshape(native.shape[0], 2, native.shape[1], 2).mean(axis=(1, 3))
        assert np.corrcoef(means.ravel(), native.ravel())[0, 1] > 0.995


@pytest.mark.parametrize("turn", [rotation(12, 8, -20), rotation(0, 30, 25)])
def test_oblique_localizer_keeps_its_normal_and_stands_upright(turn: np.ndarray) -> None:
    images = sagittal_candidates(stack(turn @ SAGITTAL, 3, 10.0, pixel_mm=2.0), spacing_mm=2.0)
    for image in images:
        np.testing.assert_allclose(image.normal, turn @ [-1.0, 0, 0], atol=1e-9)
        assert image.row_dir[2] == pytest.approx(0, abs=1e-12)
        assert image.pixels.max() > 200


def test_array_axes_do_not_matter() -> None:
    localizer = stack(SAGITTAL, 4, 12.0, pixel_mm=2.0)
    other = localizer.permute_spatial_axes([2, 1, 0]).flip_spatial([0, 1])
    for image, twin in zip(
        sagittal_candidates(localizer, 1.0), sagittal_candidates(other, 1.0), strict=True
    ):
        np.testing.assert_allclose(twin.center_lps_mm, image.center_lps_mm, atol=1e-9)
        np.testing.assert_allclose(twin.pixels, image.pixels, atol=0.05)


def test_too_few_slices_across() -> None:
    with pytest.raises(InputError) as caught:
        views(stack(AXIAL, 3, 10.0))
    assert caught.value.code == "too_few_slices"


def test_volume_of_equal_axes_is_a_volume() -> None:
    assert StackShape.of(head_volume()).is_volume
