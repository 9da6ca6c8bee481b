"""A volume resampled along a planned stack, and its NIfTI file."""

import math
from dataclasses import replace

import highdicom
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.nifti_file import nifti_file_bytes
from callosal.pipelines.planning.plan import SliceStack

Array = NDArray[np.float64]


def stack_affine_lps(stack: SliceStack, pixel_mm: float) -> Array:
    """4x4 matrix from (slice, row, column) indices of a stack to LPS mm.

    Args:
        stack: Stack with square pixels.
        pixel_mm: Pixel spacing, above 0.
    """
    _, rows, columns = stack_shape(stack, pixel_mm)
    affine = np.eye(4)
    affine[:3, 0] = stack.normal * stack.slice_distance_mm
    affine[:3, 1] = stack.col_dir * pixel_mm
    affine[:3, 2] = stack.row_dir * pixel_mm
    middle = np.array([stack.n_slices - 1, rows - 1, columns - 1]) / 2
    affine[:3, 3] = stack.center_lps_mm - affine[:3, :3] @ middle
    return affine


def stack_shape(stack: SliceStack, pixel_mm: float) -> tuple[int, int, int]:
    """Slices, rows and columns of a stack at a pixel spacing.

    Raises:
        GeometryError: The spacing is not above 0.
    """
    if not pixel_mm > 0:
        raise GeometryError(f"reslice: pixel {pixel_mm} mm must be above 0", "bad_spacing")
    width, height = stack.fov_mm
    return stack.n_slices, round(height / pixel_mm), round(width / pixel_mm)


def isotropic(stack: SliceStack, voxel_mm: float) -> SliceStack:
    """The stack's block of tissue in slices without gap, as thick as the pixels are wide."""
    cover_mm = (stack.n_slices - 1) * stack.slice_distance_mm + stack.thickness_mm
    count = max(1, math.ceil(cover_mm / voxel_mm - 1e-9))
    return replace(stack, thickness_mm=voxel_mm, gap_mm=0.0, n_slices=count)


def reslice(volume: highdicom.Volume, stack: SliceStack, pixel_mm: float) -> highdicom.Volume:
    """Samples a volume at the slice centres of a stack, one slice at a time.

    Linear interpolation; 0 outside the volume. Slices are sampled at their middle plane: thin
    slices (see `isotropic`) give an aligned volume.

    Args:
        volume: Volume of shape (slices, rows, columns) with its LPS affine.
        stack: Where to sample.
        pixel_mm: Pixel spacing in the slices, above 0.

    Returns:
        Volume of float32 in the same frame of reference.

    Raises:
        GeometryError: The spacing is not above 0.
    """
    shape = stack_shape(stack, pixel_mm)
    affine = stack_affine_lps(stack, pixel_mm)
    to_source = np.linalg.inv(np.asarray(volume.affine, dtype=float)) @ affine
    # Integers are sampled directly: copying a head to float32 takes longer than sampling a slice.
    source = volume.array
    if source.dtype.kind not in "iu":
        source = source.astype(np.float32, copy=False)
    result = np.empty(shape, np.float32)
    in_plane = np.stack(np.meshgrid(*(np.arange(n) for n in shape[1:]), indexing="ij"))
    in_slice = np.tensordot(to_source[:3, 1:3], in_plane, axes=1)
    for k in range(shape[0]):
        start = to_source[:3, 0] * k + to_source[:3, 3]
        ndimage.map_coordinates(
            source, in_slice + start[:, None, None], output=result[k], order=1, cval=0.0
        )
    return highdicom.Volume(
        result,
        affine,
        coordinate_system="PATIENT",
        frame_of_reference_uid=volume.frame_of_reference_uid,
    )


def nifti_bytes(volume: highdicom.Volume) -> bytes:
    """A volume as the bytes of a .nii.gz file, array axes (column, row, slice), RAS mm.

    Args:
        volume: Volume of shape (slices, rows, columns).
    """
    image = volume.permute_spatial_axes((2, 1, 0)).to_nibabel()
    return nifti_file_bytes(image, compresslevel=3)
