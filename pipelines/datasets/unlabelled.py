"""Slices without masks, for pretraining: labelled pairs, folders of DICOM, single NIfTI files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from callosal.models.errors import CallosalError, DataError
from callosal.pipelines.datasets.nifti_pairs import read_slices
from callosal.pipelines.datasets.participants import PARTICIPANTS, read_participants
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.midplane.localizer_volumes import sagittal_or_whole
from callosal.pipelines.midplane.sagittal_views import views
from callosal.pipelines.reading.cases import find_cases

HELD_OUT = 10
"""Of images without a split, every tenth is kept for validation."""


def unlabelled_slices(roots: Sequence[Path], split: str) -> Iterator[LabelledSlice]:
    """Midsagittal slices of folders, their masks, if any, left unread or blanked.

    Args:
        roots: Folders of NIfTI pairs with participants.tsv, as `generate` writes them too, whose
            split is honoured, or anything that `infer` takes.
        split: train or val.

    Raises:
        DataError: A folder holds nothing to train on.
        InputError: As of `find_cases`.
    """
    for root in roots:
        found = (
            read_slices(root, read_participants(root), split)
            if (root / PARTICIPANTS).is_file()
            else _slices_of_scans(root, split)
        )
        for one in found:
            blank = np.zeros(one.image.shape, np.uint8)
            yield LabelledSlice(one.name, one.site, one.image, blank, one.spacing_mm)


def _slices_of_scans(root: Path, split: str) -> Iterator[LabelledSlice]:
    usable = 0
    for number, case in enumerate(find_cases([root]).cases):
        if (number % HELD_OUT == 0) != (split == "val"):
            continue
        try:
            seen = views(sagittal_or_whole(case.load())).slices
        except CallosalError:
            # One bad scan of an archive does not stop a training run.
            continue
        usable += 1
        for one in seen:
            blank = np.zeros(one.pixels.shape, np.uint8)
            yield LabelledSlice(case.label, root.name, one.pixels, blank, one.spacing_mm)
    if not usable:
        raise DataError(
            f"{root.name}: no sagittal slice can be made of any scan for split {split!r}; "
            "`callosal list-series` tells why",
            code="no_slices",
        )
