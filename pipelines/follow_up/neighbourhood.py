"""The brain about the callosum as a small block along the plan, kept to be registered later."""

import gzip
import io

import highdicom
import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.pipelines.pictures.review_views import quantised
from callosal.pipelines.planning.plan import ScanPlan, SliceStack
from callosal.pipelines.planning.reslice import nifti_bytes, reslice

Block = NDArray[np.float32]

VOXEL_MM = 2.0
SHAPE = (46, 58, 36)
"""Voxels toward superior, posterior and left: 92, 116 and 72 mm about the centre of the plan."""

_MOST_BYTES = 1 << 22
"""More than a file of this shape holds, whatever it claims."""


def neighbourhood(volume: highdicom.Volume, plan: ScanPlan) -> highdicom.Volume:
    """Sample the block along the axes of a plan, centred on its final centre.

    Args:
        volume: What was planned on, array axes (slice, row, column).
        plan: Its plan.

    Returns:
        Array of shape `SHAPE`, voxels of 2 mm, 0 outside the volume.
    """
    slices, rows, columns = SHAPE
    block = SliceStack(
        row_dir=plan.transverse.row_dir,
        col_dir=plan.transverse.col_dir,
        center_lps_mm=plan.center_lps_mm,
        fov_mm=(columns * VOXEL_MM, rows * VOXEL_MM),
        thickness_mm=VOXEL_MM,
        gap_mm=0.0,
        n_slices=slices,
    )
    return reslice(volume, block, VOXEL_MM)


def neighbourhood_bytes(volume: highdicom.Volume, plan: ScanPlan) -> bytes:
    """Content of the file of a block, in 4096 gray levels."""
    block = neighbourhood(volume, plan)
    return nifti_bytes(block.with_array(quantised(block.array)))


def read_neighbourhood(content: bytes) -> Block:
    """The voxels of a file of `neighbourhood_bytes`, shape `SHAPE`.

    Raises:
        InputError: It is another file (`bad_neighbourhood`).
    """
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            image = nib.Nifti1Image.from_bytes(stream.read(_MOST_BYTES))
        if image.shape != SHAPE[::-1]:
            raise ValueError(f"shape {image.shape}")
        return np.ascontiguousarray(np.asarray(image.dataobj, dtype=np.float32).T)
    except Exception as error:  # nibabel raises errors of many kinds on a broken file
        raise InputError(
            f"neighbourhood: is not what `callosal infer` wrote ({type(error).__name__}); plan "
            "on the first visit again",
            "bad_neighbourhood",
        ) from error
