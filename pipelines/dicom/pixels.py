"""Voxels of a stack as one volume in patient space."""

import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

from callosal.pipelines.dicom.decode import decode_frame
from callosal.pipelines.dicom.grouping import Plane
from callosal.pipelines.dicom.isolation import decode_isolated, needs_isolation
from callosal.pipelines.dicom.stacks import Stack

MAX_DECODING_THREADS = 8


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
        InputError: `decode_failed` or `unreadable`, naming the file by its place below the
            input folder.
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
        yield from decode_isolated(planes)
        return
    n_threads = min(MAX_DECODING_THREADS, os.cpu_count() or 1, len(planes))
    if n_threads == 1 or all(plane.header.layout.is_native for plane in planes):
        # copying native pixels is faster than handing them between threads
        yield from map(_decode, planes)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        yield from pool.map(_decode, planes)


def _decode(plane: Plane) -> NDArray[np.integer]:
    return decode_frame(plane.header, plane.frame.index)


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
