"""A folder of NIfTI pairs, image and callosum mask, as labelled slices.

The layout is that of a BIDS-like folder: `sub-<id>/sub-<id>_T1w.nii.gz` beside
`sub-<id>/sub-<id>_label-CC_mask.nii.gz`, and `participants.tsv` with the columns
participant_id, site and split.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import DataError
from callosal.pipelines.training.slice_bank import LabelledSlice


@dataclass(frozen=True)
class Participant:
    """One row of participants.tsv."""

    name: str
    site: str
    split: str


def read_participants(root: Path) -> list[Participant]:
    """Read participants.tsv.

    Raises:
        DataError: The file or one of its columns is missing.
    """
    table = root / "participants.tsv"
    if not table.is_file():
        raise DataError(
            f"{root.name}: participants.tsv is missing; it names each subject, site and split",
            code="no_participants",
        )
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    missing = {"participant_id", "site", "split"} - set(rows[0] if rows else {})
    if missing:
        raise DataError(
            f"{table.name}: column {', '.join(sorted(missing))} is missing", code="bad_participants"
        )
    return [Participant(row["participant_id"], row["site"], row["split"]) for row in rows]


def read_split(root: Path, split: str) -> Iterator[LabelledSlice]:
    """Read the labelled slices of one split, in the order of participants.tsv.

    Raises:
        DataError: No subject has this split, or a pair is wrong (the message names the file).
    """
    participants = [row for row in read_participants(root) if row.split == split]
    if not participants:
        raise DataError(f"participants.tsv: no subject has split {split!r}", code="empty_split")
    for participant in participants:
        yield read_pair(root / participant.name, participant)


def read_pair(folder: Path, participant: Participant) -> LabelledSlice:
    """Read one sagittal slice with its mask into the frame of the midsagittal slice.

    Raises:
        DataError: A file is missing, the grids differ, the image holds NaN, the mask is empty
            or holds other values than 0 and 1, or the image is not one sagittal slice.
    """
    image_path = _only(folder, "*_T1w.nii*")
    mask_path = _only(folder, "*_mask.nii*")
    image, spacing_mm, image_affine = read_sagittal(image_path)
    mask, _, mask_affine = read_sagittal(mask_path)
    if image.shape != mask.shape or not np.allclose(image_affine, mask_affine, atol=1e-3):
        raise DataError(
            f"{mask_path.name}: the mask lies on another grid than {image_path.name} "
            f"({mask.shape} against {image.shape}); resample it",
            code="grids_differ",
        )
    if not np.isfinite(image.astype(np.float32)).all():
        raise DataError(f"{image_path.name}: the image holds NaN or infinity", code="not_finite")
    values = np.unique(mask)
    if not np.isin(values, (0, 1)).all():
        raise DataError(
            f"{mask_path.name}: the mask holds {values[:5].tolist()}; only 0 and 1 are labels",
            code="not_binary",
        )
    if not values.any():
        raise DataError(f"{mask_path.name}: the mask is empty", code="empty_mask")
    return LabelledSlice(
        participant.name, participant.site, image, mask.astype(np.uint8), spacing_mm
    )


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise DataError(
            f"{folder.name}: expected one file {pattern}, found {len(found)}", code="no_pair"
        )
    return found[0]


def read_sagittal(
    path: Path,
) -> tuple[NDArray[np.generic], tuple[float, float], NDArray[np.float64]]:
    """Read one sagittal slice with rows S to I and columns A to P, its spacing and affine."""
    try:
        picture = nib.as_closest_canonical(nib.load(path))
        voxels = np.asanyarray(picture.dataobj)
    except (OSError, ValueError, nib.filebasedimages.ImageFileError) as error:
        raise DataError(f"{path.name}: cannot be read as NIfTI ({error})", "unreadable") from error
    if voxels.ndim != 3 or voxels.shape[0] != 1:
        raise DataError(
            f"{path.name}: expected one sagittal slice of shape (1, A, S), got {voxels.shape}",
            code="not_a_slice",
        )
    zooms = picture.header.get_zooms()
    return voxels[0].T[::-1, ::-1], (float(zooms[2]), float(zooms[1])), picture.affine
