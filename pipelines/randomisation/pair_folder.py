"""A folder of labelled slices that `fit` reads as it is: pairs, participants.tsv, manifest."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import DataError
from callosal.pipelines.batch.atomic import write_bytes, write_text
from callosal.pipelines.synthesis.pair_files import slice_nifti
from callosal.pipelines.training.nifti_pairs import Participant


def write_pair(
    root: Path,
    name: str,
    image: NDArray[np.float32],
    mask: NDArray[np.uint8],
    spacing_mm: float,
) -> None:
    """Write one slice and its mask as NIfTI in RAS, the image as 12-bit integers.

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
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    whole = np.rint(image.clip(0) * (4095 / top)).astype(np.int16)
    for kind, pixels in (("T1w", whole), ("label-CC_mask", mask)):
        write_bytes(folder / f"{name}_{kind}.nii.gz", slice_nifti(pixels, spacing_mm))


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
