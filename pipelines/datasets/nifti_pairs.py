"""A folder of NIfTI pairs, image and callosum mask, as labelled slices.

The layout is that of a BIDS-like folder: `sub-<id>/sub-<id>_T1w.nii.gz` beside
`sub-<id>/sub-<id>_label-CC_mask.nii.gz`, and `participants.tsv` with the columns
participant_id, site and split. A pair is one sagittal slice or a volume; of a volume, image and
mask are cut on the midsagittal plane.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from highdicom import CoordinateSystemNames, Volume, VolumeGeometry
from numpy.typing import NDArray

from callosal.models.errors import CallosalError, DataError
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.midplane.midsagittal import find_midsagittal_plane
from callosal.pipelines.midplane.sagittal_slice import cut_slice


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
    yield from read_slices(root, read_participants(root), split)


def read_slices(
    root: Path, participants: Sequence[Participant], split: str
) -> Iterator[LabelledSlice]:
    """Read the labelled slices of those participants that have this split.

    Raises:
        DataError: No subject has this split, or a pair is wrong (the message names the file).
    """
    chosen = [row for row in participants if row.split == split]
    if not chosen:
        there = ", ".join(sorted({row.split for row in participants})) or "none"
        raise DataError(
            f"participants.tsv: no subject has split {split!r}; its splits: {there}",
            code="empty_split",
        )
    for participant in chosen:
        yield read_pair(root / participant.name, participant)


def read_pair(folder: Path, participant: Participant) -> LabelledSlice:
    """Read a pair into the frame of the midsagittal slice.

    Raises:
        DataError: A file is missing, the grids differ, the image holds NaN, the mask is empty
            or holds other values than 0 and 1, or a volume has no midsagittal plane.
    """
    image_path = _only(folder, "*_T1w.nii*")
    mask_path = _only(folder, "*_mask.nii*")
    image, image_affine = read_canonical(image_path)
    mask, mask_affine = read_canonical(mask_path)
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
    if image.shape[0] > 1:
        return _midsagittal_pair(image, mask, image_affine, image_path.name, participant)
    _, spacing_x_mm, spacing_y_mm = np.linalg.norm(image_affine[:3, :3], axis=0)
    return LabelledSlice(
        participant.name,
        participant.site,
        image[0].T[::-1, ::-1],
        mask[0].T[::-1, ::-1].astype(np.uint8),
        (float(spacing_y_mm), float(spacing_x_mm)),
    )


def _midsagittal_pair(
    image: NDArray[np.generic],
    mask: NDArray[np.generic],
    affine: NDArray[np.float64],
    name: str,
    participant: Participant,
) -> LabelledSlice:
    """Image and mask of a volume on its midsagittal plane, at the finest of its spacings."""
    spacing_mm = float(np.linalg.norm(affine[:3, :3], axis=0).min())
    try:
        head = _volume(image.astype(np.float32), affine)
        plane = find_midsagittal_plane(head)
        seen = cut_slice(head, plane, spacing_mm)
        share = cut_slice(_volume(mask.astype(np.float32), affine), plane, spacing_mm)
    except CallosalError as error:
        raise DataError(
            f"{name}: no midsagittal slice of this volume ({error})", error.code
        ) from error
    label = (share.pixels >= 0.5).astype(np.uint8)
    if not label.any():
        raise DataError(
            f"{name}: the mask does not reach the midsagittal plane; check that image and mask "
            "belong together",
            code="empty_mask",
        )
    return LabelledSlice(
        participant.name, participant.site, seen.pixels, label, (spacing_mm, spacing_mm)
    )


def _volume(voxels: NDArray[np.float32], affine_ras: NDArray[np.float64]) -> Volume:
    geometry = VolumeGeometry(
        affine_ras, voxels.shape, CoordinateSystemNames.PATIENT, from_reference_convention="RAS"
    )
    return Volume(voxels, geometry.affine, geometry.coordinate_system)


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise DataError(
            f"{folder.name}: expected one file {pattern}, found {len(found)}", code="no_pair"
        )
    return found[0]


def read_canonical(path: Path) -> tuple[NDArray[np.generic], NDArray[np.float64]]:
    """Voxels with the axes nearest to right, anterior and superior, and their affine (RAS mm)."""
    try:
        picture = nib.as_closest_canonical(nib.load(path))
        voxels = np.asanyarray(picture.dataobj)
    except (OSError, ValueError, nib.filebasedimages.ImageFileError) as error:
        raise DataError(f"{path.name}: cannot be read as NIfTI ({error})", "unreadable") from error
    if voxels.ndim != 3 or min(voxels.shape[1:]) < 2:
        raise DataError(
            f"{path.name}: expected a sagittal slice (1, A, S) or a volume, got {voxels.shape}",
            code="not_a_slice",
        )
    return voxels, picture.affine
