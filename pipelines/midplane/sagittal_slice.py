"""Slices cut from a volume along a sagittal plane, in the frame of the midsagittal slice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from highdicom import Volume

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.plane_sampling import sample_planes
from callosal.pipelines.midplane.resample import Array

INFERIOR_LPS: Final = np.array([0.0, 0.0, -1.0])
"""Where the columns of a slice point, as near as its plane allows."""

NEIGHBOURS_MM: Final = (-4.0, -2.0, 2.0, 4.0)
"""Distance of each neighbour from the midsagittal plane, toward the patient's right."""

_SUBSLICE_MM = 0.75  # distance of the planes that a slab is averaged from, at most


class PatientPlane(Protocol):
    """A plane in patient coordinates, such as a `MidsagittalPlane`."""

    @property
    def point_lps_mm(self) -> Array:
        """A point of the plane, the middle of what is of interest, shape (3,)."""

    @property
    def normal(self) -> Array:
        """Unit normal toward the patient's right, shape (3,)."""


@dataclass(frozen=True, eq=False)
class NativePlane:
    """The plane of a slice as it was acquired.

    Attributes:
        point_lps_mm: Middle of the slice, shape (3,).
        normal: Unit normal toward the patient's right, shape (3,).
    """

    point_lps_mm: Array
    normal: Array


def cut_slice(
    volume: Volume,
    plane: PatientPlane,
    spacing_mm: float = 0.5,
    field_of_view_mm: float = 256.0,
    thickness_mm: float = 0.0,
    inferior: Array = INFERIOR_LPS,
) -> SliceImage:
    """Cuts the slice on a sagittal plane out of a volume with cubic interpolation.

    Args:
        volume: The volume, any array axes and dtype.
        plane: The plane; its point is the middle of the field of view.
        spacing_mm: Pixel spacing of the slice, both ways.
        field_of_view_mm: Largest height and width; what the volume covers of it is returned.
        thickness_mm: The slice is the mean over a slab of this thickness; 0 for a thin plane.
        inferior: Direction (LPS) that the columns follow: the patient's, or that of the slices as
            they were acquired, so that a turned header turns the slice and nothing else.

    Returns:
        The slice; 0 outside the volume.

    Raises:
        GeometryError: The plane lies across the patient's long axis (`plane_not_sagittal`) or
            misses the volume (`plane_outside_volume`).
    """
    offsets_mm = (0.0,)
    field = (spacing_mm, field_of_view_mm, thickness_mm)
    return cut_slices(volume, plane, offsets_mm, *field, inferior)[0]


def cut_slices(
    volume: Volume,
    plane: PatientPlane,
    offsets_mm: Sequence[float],
    spacing_mm: float = 0.5,
    field_of_view_mm: float = 256.0,
    thickness_mm: float = 0.0,
    inferior: Array = INFERIOR_LPS,
) -> tuple[SliceImage, ...]:
    """Cuts parallel slices; they share pixel grid and size.

    Args:
        volume: As for `cut_slice`.
        plane: As for `cut_slice`; it sets the field of view of all slices.
        offsets_mm: Distance of each slice from the plane, positive toward the patient's right.
        spacing_mm: As for `cut_slice`.
        field_of_view_mm: As for `cut_slice`.
        thickness_mm: As for `cut_slice`.
        inferior: As for `cut_slice`.

    Returns:
        One slice for each offset, in their order.

    Raises:
        GeometryError: As for `cut_slice`.
    """
    empty = _empty_slice(volume, plane, spacing_mm, field_of_view_mm, inferior)
    subslices = max(1, int(np.ceil(thickness_mm / _SUBSLICE_MM)))
    within_mm = (np.arange(subslices) + 0.5) / subslices * thickness_mm - thickness_mm / 2
    depths_mm = np.add.outer(np.asarray(offsets_mm, dtype=float), within_mm)
    sampled = sample_planes(volume, empty, depths_mm.ravel())
    pixels = sampled.reshape(*depths_mm.shape, *empty.pixels.shape).mean(axis=1)
    return tuple(
        SliceImage(
            pixels[i],
            empty.spacing_mm,
            empty.center_lps_mm + offset_mm * empty.normal,
            empty.row_dir,
            empty.col_dir,
            empty.source_voxel_mm,
        )
        for i, offset_mm in enumerate(offsets_mm)
    )


def sagittal_directions(normal: Array, inferior: Array = INFERIOR_LPS) -> tuple[Array, Array]:
    """Directions of rows (posterior) and columns (inferior) in a plane.

    Args:
        normal: Unit normal toward the patient's right, shape (3,).
        inferior: Direction that the columns follow, shape (3,).

    Returns:
        row_dir and col_dir, orthonormal, with row_dir x col_dir = normal; col_dir is the
        projection of the inferior direction onto the plane.

    Raises:
        GeometryError: The plane lies across the patient's long axis (`plane_not_sagittal`).

    Examples:
        >>> import numpy as np
        >>> row_dir, col_dir = sagittal_directions(np.array([-1.0, 0.0, 0.0]))
        >>> row_dir.tolist(), col_dir.tolist()
        ([0.0, 1.0, 0.0], [0.0, 0.0, -1.0])
    """
    col_dir = inferior - normal * (normal @ inferior)
    length = float(np.linalg.norm(col_dir))
    if length < 0.1:
        raise GeometryError(
            f"normal {np.round(normal, 3).tolist()} points along the patient's long axis: "
            "no sagittal slice has it",
            "plane_not_sagittal",
        )
    col_dir = col_dir / length
    return np.cross(col_dir, normal) + 0.0, col_dir + 0.0


def _empty_slice(
    volume: Volume,
    plane: PatientPlane,
    spacing_mm: float,
    field_of_view_mm: float,
    inferior: Array,
) -> SliceImage:
    """Pixel grid that covers the volume's part of a plane, within a field of view."""
    row_dir, col_dir = sagittal_directions(plane.normal, inferior)
    cut = _cut_polygon(volume, plane)
    in_plane = (cut - plane.point_lps_mm) @ np.stack([col_dir, row_dir], axis=1)
    half_mm = field_of_view_mm / 2
    low = np.clip(in_plane.min(axis=0), -half_mm, half_mm)
    high = np.clip(in_plane.max(axis=0), -half_mm, half_mm)
    shape = np.round((high - low) / spacing_mm).astype(int)
    if shape.min() < 1:
        raise GeometryError(
            f"the plane through {np.round(plane.point_lps_mm, 1).tolist()} mm has nothing of the "
            f"volume within {half_mm:g} mm of that point: check that both share one patient frame",
            "plane_outside_volume",
        )
    middle = (low + high) / 2
    return SliceImage(
        pixels=np.zeros((shape[0], shape[1]), np.float32),
        spacing_mm=(spacing_mm, spacing_mm),
        center_lps_mm=plane.point_lps_mm + middle[0] * col_dir + middle[1] * row_dir,
        row_dir=row_dir,
        col_dir=col_dir,
        source_voxel_mm=(_voxel_along_mm(volume, col_dir), _voxel_along_mm(volume, row_dir)),
    )


def _voxel_along_mm(volume: Volume, direction: Array) -> float:
    """Width of the box along a direction that is as spread as a voxel is along it."""
    return float(np.linalg.norm(direction @ volume.affine[:3, :3]))


def _cut_polygon(volume: Volume, plane: PatientPlane) -> Array:
    """Points where a plane meets the edges of the volume's box, in LPS mm, shape (n, 3)."""
    corners = np.stack(np.meshgrid(*([[0.0, 1.0]] * 3), indexing="ij"), axis=-1).reshape(-1, 3)
    index = corners * np.array(volume.spatial_shape) - 0.5
    lps = index @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    height = (lps - plane.point_lps_mm) @ plane.normal
    points = [
        lps[i] + (lps[j] - lps[i]) * height[i] / (height[i] - height[j])
        for i in range(8)
        for j in range(i + 1, 8)
        if np.abs(corners[i] - corners[j]).sum() == 1 and height[i] * height[j] < 0
    ]
    if not points:
        raise GeometryError(
            f"the plane through {np.round(plane.point_lps_mm, 1).tolist()} mm misses the volume: "
            "check that both share one patient frame",
            "plane_outside_volume",
        )
    return np.array(points)
