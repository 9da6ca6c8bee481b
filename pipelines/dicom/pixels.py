"""Voxels of a stack as one volume in patient space."""

import warnings
from collections.abc import Iterator

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
    slice to slice). Real world value maps are not applied.

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
            _store(voxels, index, pixels, stack.planes[index])
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
