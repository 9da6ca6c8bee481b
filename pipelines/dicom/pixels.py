"""Voxels of a stack as one volume in patient space."""

import warnings
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

from callosal.pipelines.dicom.decode import decode_frame
from callosal.pipelines.dicom.grouping import Plane
from callosal.pipelines.dicom.isolation import decode_isolated, needs_isolation
from callosal.pipelines.dicom.stacks import Stack


def read_volume(stack: Stack) -> Volume:
    """Decode a stack into a volume.

    Each slice is rescaled by its own slope and intercept (Philips scanners change them from
    slice to slice). Real world value maps are not applied. Missing slices of a kept stack are
    interpolated linearly between their neighbours.

    Args:
        stack: A kept stack.

    Returns:
        Volume with array axes (slice, row, column) and one LPS affine in mm. The type of the
        voxels is float32 where any slice has a rescale other than 1 and 0, else the stored
        integer type.

    Raises:
        InputError: `decode_failed`, `decoder_died` or `unreadable`, naming the file by its place
            below the input folder.
    """
    geometry = stack.geometry
    voxels = np.empty(geometry.spatial_shape, dtype=_voxel_type(stack))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # codecs warn of padding that does no harm
        for index, pixels in enumerate(_decode_all(stack.planes)):
            _store(voxels, stack.places[index], pixels, stack.planes[index])
    for before, after in pairwise(stack.places):
        _fill(voxels[before : after + 1])
    return Volume(
        voxels, geometry.affine, geometry.coordinate_system, geometry.frame_of_reference_uid
    )


def _decode_all(planes: tuple[Plane, ...]) -> Iterator[NDArray[np.integer]]:
    if needs_isolation(planes):
        return decode_isolated(planes)
    # copying native pixels is faster than handing them between threads
    return (decode_frame(plane.header, plane.frame.index) for plane in planes)


def _voxel_type(stack: Stack) -> np.dtype[np.generic]:
    if any((plane.frame.slope, plane.frame.intercept) != (1, 0) for plane in stack.planes):
        return np.dtype(np.float32)
    return np.result_type(*{plane.header.layout.dtype for plane in stack.planes})


def _store(
    voxels: NDArray[np.generic], index: int, pixels: NDArray[np.integer], plane: Plane
) -> None:
    if voxels.dtype.kind != "f":
        voxels[index] = pixels
        return
    slope, intercept = plane.frame.slope, plane.frame.intercept
    np.multiply(pixels, np.float32(slope), out=voxels[index], dtype=np.float32)
    voxels[index] += np.float32(intercept)


def _fill(slab: NDArray[np.generic]) -> None:
    """Interpolate all slices of a slab but the first and the last, which are there."""
    if len(slab) == 2:
        return
    first, last = (slab[index].astype(np.float32) for index in (0, -1))
    for index in range(1, len(slab) - 1):
        share = np.float32(index / (len(slab) - 1))
        mean = (1 - share) * first + share * last
        slab[index] = mean if slab.dtype.kind == "f" else np.rint(mean)
