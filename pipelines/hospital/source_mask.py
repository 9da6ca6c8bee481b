"""The midsagittal mask put back onto the voxels of the source.

The rule: the lines of voxels that run most nearly across the midsagittal plane are followed, and
on each the voxel whose centre lies nearest to the plane is taken; it gets the label where the
mask's pixel at its place in the plane has it. So the label is one voxel thick, without holes and
without steps, on any grid and any tilt: on sagittal slices mostly one slice, on axial and
coronal ones a line of pixels in each slice.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from highdicom import VolumeGeometry
from numpy.typing import NDArray

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.slice_image import SliceImage

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SourceMask:
    """Labelled voxels of a stack.

    Attributes:
        slices: Indices of the slices that hold a label, growing.
        frames: Labels of those slices, 0 outside, shape (len(slices), rows, columns).
    """

    slices: tuple[int, ...]
    frames: NDArray[np.uint8]


def mask_on_source(
    mask: NDArray[np.uint8],
    place: SliceImage,
    geometry: VolumeGeometry,
    missing: Collection[int] = (),
) -> SourceMask:
    """Put a mask onto the grid of its source.

    Args:
        mask: Labels on the midsagittal slice, 0 outside, shape (H, W).
        place: Place of the midsagittal slice.
        geometry: Grid of the source, array axes (slice, row, column).
        missing: Slices of the grid that the source lacks; no label can lie on them.

    Raises:
        GeometryError: No voxel gets the label (`mask_outside_source`).
    """
    voxels = _voxels_on_plane(place, geometry)
    shape = geometry.spatial_shape
    centers_mm = voxels @ geometry.affine[:3, :3].T + geometry.affine[:3, 3]
    pixels = np.rint(place.mm_to_pixels(place.lps_to_mm(centers_mm))).astype(np.int64)
    within = ((pixels >= 0) & (pixels < mask.shape)).all(axis=1)
    labels = mask[tuple(pixels[within].T)]
    is_kept = (labels > 0) & ~np.isin(voxels[within][:, 0], list(missing))
    labelled, labels = voxels[within][is_kept], labels[is_kept]
    if not len(labelled):
        raise GeometryError(
            "the callosum lies outside the voxels of its series, so it cannot be marked on them",
            "mask_outside_source",
        )
    slices, positions = np.unique(labelled[:, 0], return_inverse=True)
    frames = np.zeros((len(slices), *shape[1:]), np.uint8)
    frames[positions, labelled[:, 1], labelled[:, 2]] = labels
    return SourceMask(tuple(int(index) for index in slices), frames)


def _voxels_on_plane(place: SliceImage, geometry: VolumeGeometry) -> NDArray[np.int64]:
    """Of each line of voxels across the plane the one nearest to it, shape (N, 3)."""
    steps = geometry.affine[:3, :3].T @ place.normal
    across = int(np.argmax(np.abs(steps) / np.asarray(geometry.spacing)))
    start_mm = float((geometry.affine[:3, 3] - place.center_lps_mm) @ place.normal)
    lines = list(geometry.spatial_shape)
    lines[across] = 1
    index = np.indices(lines).reshape(3, -1).T
    heights_mm = start_mm + index @ steps
    # Halves go up, so that a plane midway between two slices takes one of them.
    index[:, across] = np.floor(0.5 - heights_mm / steps[across]).astype(np.int64)
    within = (index[:, across] >= 0) & (index[:, across] < geometry.spatial_shape[across])
    return index[within]
