import numpy as np
import pytest
from highdicom import CoordinateSystemNames, VolumeGeometry
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.hospital.source_mask import mask_on_source

DISC_MM = 20.0


def place_of(rotation=None) -> SliceImage:
    turn = np.eye(3) if rotation is None else rotation
    return SliceImage(
        np.zeros((160, 200), np.float32), (0.5, 0.5), np.array([3.0, -5.0, 7.0]),
        turn @ [0.0, 1.0, 0.0], turn @ [0.0, 0.0, -1.0],
    )  # fmt: skip


def disc(place: SliceImage) -> np.ndarray:
    rows, columns = np.indices(place.pixels.shape)
    xy = place.pixels_to_mm(np.stack([rows, columns], axis=-1))
    return (np.hypot(xy[..., 0], xy[..., 1]) < DISC_MM).astype(np.uint8)


def grid(spacing_mm, axes=None, rotation=None) -> VolumeGeometry:
    """A cube of 120 mm around the slice; axes permute and flip the array."""
    shape = np.ceil(120 / np.array(spacing_mm)).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = np.diag(spacing_mm) if rotation is None else rotation * spacing_mm
    affine[:3, 3] = [3.0, -5.0, 7.0] - affine[:3, :3] @ ((shape - 1) / 2)
    geometry = VolumeGeometry(affine, tuple(shape), CoordinateSystemNames.PATIENT)
    return geometry if axes is None else geometry.to_patient_orientation(axes)


@pytest.mark.parametrize("axes", ["LPH", "RPF", "HPL", "HAR", "FRP", "PFL", "AHR"])
def test_a_disc_keeps_its_area_and_place_on_any_axes(axes):
    place = place_of()
    geometry = grid((4.0, 1.5, 1.0), axes)
    found = mask_on_source(disc(place), place, geometry)
    full = np.zeros(geometry.spatial_shape, np.uint8)
    full[list(found.slices)] = found.frames
    centers = np.argwhere(full) @ geometry.affine[:3, :3].T + geometry.affine[:3, 3]
    assert np.ptp(centers[:, 0]) == 0  # one layer of voxels
    assert len(centers) * 1.5 == pytest.approx(np.pi * DISC_MM**2, rel=0.03)
    np.testing.assert_allclose(centers[:, 1:].mean(axis=0), [-5, 7], atol=0.3)


def test_a_plane_between_two_slices_takes_one_of_them():
    place = place_of()
    geometry = grid((4.0, 1.5, 1.0))  # thirty slices: the plane lies midway
    found = mask_on_source(disc(place), place, geometry)
    assert len(found.slices) == 1


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.floats(-180, 180)] * 3), st.sampled_from([(1, 1, 1), (5, 0.8, 1.1)]))
def test_the_label_is_one_voxel_thick_without_holes_at_any_tilt(angles, spacing_mm):
    rotation = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    place, geometry = place_of(), grid(spacing_mm, rotation=rotation)
    found = mask_on_source(disc(place), place, geometry)
    full = np.zeros(geometry.spatial_shape, bool)
    full[list(found.slices)] = found.frames > 0
    normal = geometry.affine[:3, :3].T @ place.normal
    across = int(np.argmax(np.abs(normal) / np.asarray(spacing_mm)))
    assert full.sum(axis=across).max() == 1
    centers = np.argwhere(full) @ geometry.affine[:3, :3].T + geometry.affine[:3, 3]
    heights = (centers - place.center_lps_mm) @ place.normal
    assert np.abs(heights).max() <= abs(normal[across]) / 2 + 1e-9
    # Seen along the lines, the label is the disc: its area is the disc's, foreshortened.
    areas = np.delete(np.asarray(spacing_mm, float), across).prod()
    seen = full.sum() * areas / (abs(normal[across]) / spacing_mm[across])
    assert seen == pytest.approx(np.pi * DISC_MM**2, rel=0.12)


def test_a_mask_beside_the_source_is_refused():
    place = place_of()
    geometry = grid((4.0, 1.5, 1.0))
    affine = geometry.affine.copy()
    affine[:3, 3] += 500
    away = VolumeGeometry(affine, geometry.spatial_shape, CoordinateSystemNames.PATIENT)
    with pytest.raises(GeometryError, match="outside the voxels") as caught:
        mask_on_source(disc(place), place, away)
    assert caught.value.code == "mask_outside_source"
