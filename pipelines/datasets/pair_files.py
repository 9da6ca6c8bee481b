"""A folder of labelled slices that `fit` reads: NIfTI pairs, participants.tsv, manifest.json.

A pair is one sagittal slice (1, A, S) in RAS, and its mask.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import DataError
from callosal.pipelines.datasets.nifti_pairs import read_canonical
from callosal.pipelines.datasets.participants import Participant
from callosal.pipelines.geometry.nifti_file import nifti_file_bytes
from callosal.pipelines.outputs.atomic import make_folder, write_bytes, write_text

SLICE_THICKNESS_MM = 1.0
SYNTHETIC = "synthetic, not a patient"


def write_pair(
    root: Path,
    name: str,
    image: NDArray[np.integer],
    mask: NDArray[np.uint8],
    spacing_mm: float,
    description: str = SYNTHETIC,
) -> None:
    """Write `<name>_T1w.nii.gz` and `<name>_label-CC_mask.nii.gz`, each whole or not at all.

    Args:
        root: Folder of the data set; the files go into its folder `name`.
        name: Participant, such as sub-0001.
        image: Intensities, shape (H, W), rows S to I and columns A to P.
        mask: 0 or 1, same shape.
        spacing_mm: Size of the square pixels.
        description: What is written into the headers.

    Raises:
        OutputError: The disk is full or read-only.
    """
    folder = root / name
    make_folder(folder)
    # The mask goes first: a cut then leaves no image that looks like a pair.
    for suffix, pixels in (("label-CC_mask", mask), ("T1w", image)):
        write_bytes(
            folder / f"{name}_{suffix}.nii.gz", slice_nifti(pixels, spacing_mm, description)
        )


def write_scaled_pair(
    root: Path,
    name: str,
    image: NDArray[np.float32],
    mask: NDArray[np.uint8],
    spacing_mm: float,
) -> None:
    """Write a pair as `write_pair`, the image scaled to 12-bit integers.

    Args:
        root: Folder of the data set.
        name: Participant, such as sub-0001.
        image: Intensities from 0 on, shape (H, W), rows S to I and columns A to P.
        mask: 0 or 1, same shape.
        spacing_mm: Size of the square pixels.

    Raises:
        DataError: The image is not finite or black, or the mask is empty: no such pair is written.
    """
    top = float(image.max())
    if not np.isfinite(image).all() or top <= 0:
        raise DataError(f"{name}: the image is black or not finite", code="bad_sample")
    if not mask.any():
        raise DataError(f"{name}: the mask is empty", code="empty_mask")
    scaled = np.rint(image.clip(0) * (4095 / top)).astype(np.int16)
    write_pair(root, name, scaled, mask, spacing_mm)


def write_table(
    root: Path, participants: Sequence[Participant], manifest: Mapping[str, Any]
) -> None:
    """Write participants.tsv and, last of all, manifest.json: with it the folder is complete."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(("participant_id", "site", "split"))
    writer.writerows((person.name, person.site, person.split) for person in participants)
    write_text(root / "participants.tsv", text.getvalue())
    write_text(root / "manifest.json", json.dumps(manifest, indent=1))


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


def slice_nifti(
    pixels: NDArray[np.integer], spacing_mm: float, description: str = SYNTHETIC
) -> bytes:
    """Content of the NIfTI file of a slice.

    Args:
        pixels: Shape (H, W), rows superior to inferior, columns anterior to posterior.
        spacing_mm: Size of the square pixels.
        description: What is written into the header, up to 79 characters.
    """
    affine = ras_affine(pixels.shape, spacing_mm)
    # Stored from posterior to anterior and from inferior to superior, as RAS has it.
    voxels = np.ascontiguousarray(pixels[::-1, ::-1].T)[None]
    picture = nib.Nifti1Image(voxels, affine)
    picture.header["descrip"] = description.encode("ascii")
    return nifti_file_bytes(picture, code=2, compresslevel=6)
