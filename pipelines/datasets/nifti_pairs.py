"""A folder of NIfTI pairs, image and callosum mask, as labelled slices.

The layout is that of a BIDS-like folder: `sub-<id>/sub-<id>_T1w.nii.gz` beside
`sub-<id>/sub-<id>_label-CC_mask.nii.gz`, and `participants.tsv` with the columns
participant_id, site and split. A pair is one sagittal slice or a volume; of a volume, image and
mask are cut on the midsagittal plane.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from highdicom import CoordinateSystemNames, Volume, VolumeGeometry
from numpy.typing import NDArray

from callosal.models.errors import CallosalError, DataError, InputError
from callosal.pipelines.datasets.participants import Participant, read_participants
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.dicom.views import MAX_VIEW_SPACING_MM
from callosal.pipelines.midplane.midsagittal import find_midsagittal_plane
from callosal.pipelines.midplane.sagittal_slice import cut_slice
from callosal.pipelines.reading.nifti import read_nifti

_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])

MIN_SPACING_MM = 0.05
"""Smallest pixel of a slice: below, the units of its header are wrong."""

MAX_SHIFT_MM = 1e-2
"""How far the corners of a mask may lie from those of its image."""

MAX_LABEL_ERROR = 1e-3
"""How far a label may lie from 0 or 1: files that scale their values round them."""


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
    image_path = _only(folder, "_T1w")
    mask_path = _only(folder, "_mask")
    image, image_affine = read_canonical(image_path)
    mask, mask_affine = read_canonical(mask_path)
    _check_grids(image_path, image.shape, image_affine, mask_path, mask.shape, mask_affine)
    values = np.unique(mask)
    if np.abs(values - np.clip(np.rint(values), 0, 1)).max() > MAX_LABEL_ERROR:
        raise DataError(
            f"{mask_path.name}: the mask holds {values[:5].tolist()}; only 0 and 1 are labels",
            code="not_binary",
        )
    mask = np.rint(mask).astype(np.uint8)
    if not mask.any():
        raise DataError(f"{mask_path.name}: the mask is empty", code="empty_mask")
    if image.shape[0] > 1:
        return _midsagittal_pair(image, mask, image_affine, image_path.name, participant)
    _, spacing_x_mm, spacing_y_mm = np.linalg.norm(image_affine[:3, :3], axis=0)
    return LabelledSlice(
        participant.name,
        participant.site,
        image[0].T[::-1, ::-1],
        mask[0].T[::-1, ::-1],
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


def _check_grids(
    image_path: Path,
    image_shape: tuple[int, ...],
    image_affine: NDArray[np.float64],
    mask_path: Path,
    mask_shape: tuple[int, ...],
    mask_affine: NDArray[np.float64],
) -> None:
    """Refuse a mask on another grid, by what differs: the size, or where the corners lie."""
    if image_shape != mask_shape:
        sizes = ("x".join(map(str, shape)) for shape in (mask_shape, image_shape))
        difference = "{} voxels against {}".format(*sizes)
    else:
        corners = np.stack(np.meshgrid(*[(0, n - 1) for n in image_shape], (1,)), -1)
        apart = corners.reshape(-1, 4) @ (image_affine - mask_affine)[:3].T
        shift_mm = float(np.linalg.norm(apart, axis=1).max())
        if shift_mm <= MAX_SHIFT_MM:
            return
        difference = f"of equal size, but corners lie up to {shift_mm:.2f} mm apart"
    raise DataError(
        f"{mask_path.name}: the mask lies on another grid than {image_path.name} ({difference}); "
        "resample it",
        code="grids_differ",
    )


def _only(folder: Path, ending: str) -> Path:
    found = sorted(
        path
        for suffix in (".nii", ".nii.gz")
        for path in folder.glob(f"*{ending}{suffix}")
        # macOS leaves such files beside others on foreign disks.
        if not path.name.startswith("._")
    )
    if len(found) != 1:
        raise DataError(
            f"{folder.name}: expected one file *{ending}.nii.gz or .nii, found {len(found)}",
            code="no_pair",
        )
    return found[0]


def read_canonical(path: Path) -> tuple[NDArray[np.generic], NDArray[np.float64]]:
    """Voxels with the axes nearest to right, anterior and superior, and their affine (RAS mm).

    The file is read by the rules of `infer`: units, codes of the header, lengths, values.

    Raises:
        DataError: As of read_nifti, with its code; `not_a_slice` for a line of voxels, or for
            pixels of impossible size.
    """
    try:
        volume = read_nifti(path).to_patient_orientation("RAS")
    except InputError as error:
        raise DataError(str(error), error.code) from error
    voxels = volume.array
    sizes_mm = np.asarray(volume.spacing)[1:]
    if min(voxels.shape[1:]) < 2:
        raise DataError(
            f"{path.name}: expected a sagittal slice (1, A, S) or a volume, got {voxels.shape}",
            code="not_a_slice",
        )
    if sizes_mm.min() < MIN_SPACING_MM or sizes_mm.max() > MAX_VIEW_SPACING_MM:
        raise DataError(
            f"{path.name}: pixels of {sizes_mm[0]:.4g} x {sizes_mm[1]:.4g} mm; check the spacing "
            "and its unit in the header",
            code="not_a_slice",
        )
    return voxels, _TO_RAS @ volume.affine
