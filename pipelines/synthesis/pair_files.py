"""Labelled slices as NIfTI pairs: one sagittal slice (1, A, S) in RAS, and its mask."""

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.batch.atomic import write_bytes
from callosal.pipelines.synthesis.joint_image import SyntheticSlice
from callosal.pipelines.training.nifti_pairs import read_canonical

SLICE_THICKNESS_MM = 1.0


def write_pair(folder: Path, name: str, drawn: SyntheticSlice) -> None:
    """Write `<name>_T1w.nii.gz` and `<name>_label-CC_mask.nii.gz`, each whole or not at all.

    Raises:
        OSError: The disk is full or read-only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # The mask goes first: a cut then leaves no image that looks like a pair.
    for suffix, pixels in (("label-CC_mask", drawn.mask), ("T1w", drawn.image)):
        write_bytes(folder / f"{name}_{suffix}.nii.gz", slice_nifti(pixels, drawn.spacing_mm))


def read_pair_pixels(folder: Path, name: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Image and mask of a written pair, rows superior to inferior, columns anterior to posterior.

    Raises:
        DataError: A file is missing or cut short.
    """
    image, mask = (
        read_canonical(folder / f"{name}_{suffix}.nii.gz")[0][0].T[::-1, ::-1].astype(np.uint8)
        for suffix in ("T1w", "label-CC_mask")
    )
    return image, mask


def ras_affine(shape: tuple[int, ...], spacing_mm: float) -> NDArray[np.float64]:
    """Affine of voxels (1, A, S) to RAS mm with the origin at the centre of the slice.

    Args:
        shape: Rows and columns of the slice.
        spacing_mm: Size of its square pixels.
    """
    rows, columns = shape
    affine = np.diag([SLICE_THICKNESS_MM, spacing_mm, spacing_mm, 1.0])
    affine[1:3, 3] = -spacing_mm * (np.array([columns, rows]) - 1) / 2
    return affine


def slice_nifti(pixels: NDArray[np.integer], spacing_mm: float) -> bytes:
    """Content of the NIfTI file of a made slice.

    Args:
        pixels: Shape (H, W), rows superior to inferior, columns anterior to posterior.
        spacing_mm: Size of the square pixels.
    """
    affine = ras_affine(pixels.shape, spacing_mm)
    # Stored from posterior to anterior and from inferior to superior, as RAS has it.
    voxels = np.ascontiguousarray(pixels[::-1, ::-1].T)[None]
    picture = nib.Nifti1Image(voxels, affine)
    picture.header.set_xyzt_units("mm")
    picture.header["descrip"] = b"synthetic, not a patient"
    picture.set_qform(affine, code=2)
    picture.set_sform(affine, code=2)
    # No time stamp, so that equal slices are equal files.
    return gzip.compress(picture.to_bytes(), compresslevel=6, mtime=0)
