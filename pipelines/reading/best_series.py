"""Which series of an exam to plan on, where several could be."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
from highdicom import VolumeGeometry

from callosal.pipelines.dicom.localizers import Localizer
from callosal.pipelines.dicom.stacks import Stack
from callosal.pipelines.reading.cases import Case, CaseIndex
from callosal.pipelines.reading.nifti import read_nifti_grid
from callosal.pipelines.reading.place import Place
from callosal.pipelines.reading.skips import Skip

BestOf = Literal["series", "exam"]
"""Plan on every series, or on the best one of each exam."""

ACROSS: Final = 0.4
"""What a millimetre between sagittal slices counts beside one within them: the callosum looks alike
on neighbouring slices, and its outline lies within one."""

CONTRAST_MM: Final[Mapping[str, float]] = {"T1w": 0.0, "T2w": 1.0, "PDw": 2.0, "FLAIR": 2.5}
"""What a contrast costs beside T1, as voxel size that would do the same harm. Set by hand from the
share of series that are `ok` (docs/reference/robustness.md)."""

UNKNOWN_CONTRAST_MM: Final = 0.5

LEAST_EXTENT_MM: Final = (100.0, 150.0, 100.0)
"""Left to right, front to back, top to bottom: smaller ones cut the head."""

CUT_MM: Final = 3.0
LOCALIZER_MM: Final = 6.0
FEW_SLICES_MM: Final = 12.0
LEAST_VOLUME_SLICES: Final = 16
"""Fewer sagittal slices give one angle, or a plane from a few slices."""


class Merit(NamedTuple):
    """How well a series serves a plan; the smallest `cost_mm` is best.

    Attributes:
        cost_mm: Voxel size with what contrast, coverage and kind add to it.
        words: The same for people.
    """

    cost_mm: float
    words: str


def best_series(index: CaseIndex) -> dict[str, str]:
    """The best series of each exam that has several.

    Returns:
        Why it is best, by the `uid_key` of its case.
    """
    found = {}
    for cases in _exams(index).values():
        if len(cases) > 1:
            best = min(cases, key=lambda case: (merit(case).cost_mm, case.uid_key))
            found[best.uid_key] = f"best of {len(cases)} series of its exam: {merit(best).words}"
    return found


def chosen(index: CaseIndex, best_of: BestOf) -> CaseIndex:
    """The index with one case an exam, where that is wanted, and the others skipped.

    Args:
        index: All cases.
        best_of: Whether every series is planned on, or the best one of each exam.
    """
    if best_of == "series":
        return index
    best = best_series(index)
    kept: list[Case] = []
    left: list[Skip] = []
    for cases in _exams(index).values():
        named = [case for case in cases if case.uid_key in best] or cases
        kept.extend(named)
        left.extend(
            _left_aside(case, best[named[0].uid_key]) for case in cases if case not in named
        )
    order = {id(case): place for place, case in enumerate(index.cases)}
    kept.sort(key=lambda case: order[id(case)])
    return replace(index, cases=tuple(kept), skipped=(*left, *index.skipped))


def merit(case: Case) -> Merit:
    """Judge a series by its headers: voxel size, contrast, coverage and kind."""
    geometry = _geometry(case)
    direction = np.abs(np.asarray(geometry.direction))
    spacing_mm = np.asarray(geometry.spacing)
    # Along left-right, front-back and up-down: the axis that lies nearest to each.
    voxel_mm = [float(spacing_mm[int(np.argmax(direction[axis]))]) for axis in range(3)]
    extent_mm = direction @ (spacing_mm * np.asarray(geometry.spatial_shape))
    contrast = case.source.get("contrast")
    cost_mm = max(voxel_mm[1], voxel_mm[2], ACROSS * voxel_mm[0])
    cost_mm += CONTRAST_MM.get(str(contrast), UNKNOWN_CONTRAST_MM)
    words = [
        f"{' x '.join(f'{size:.3g}' for size in voxel_mm)} mm",
        str(contrast or "no contrast named"),
    ]
    across = int(np.argmax(direction[0]))
    if isinstance(case.content, Localizer):
        cost_mm += LOCALIZER_MM
        words.append("localizer")
    elif geometry.spatial_shape[across] < LEAST_VOLUME_SLICES:
        cost_mm += FEW_SLICES_MM
        words.append(f"{geometry.spatial_shape[across]} slices")
    elif (extent_mm < LEAST_EXTENT_MM).any():
        cost_mm += CUT_MM
        words.append("part of the head")
    return Merit(cost_mm, ", ".join(words))


def _geometry(case: Case) -> VolumeGeometry:
    content = case.content
    if isinstance(content, Path):
        return read_nifti_grid(content).geometry
    return content.sagittal.geometry if isinstance(content, Localizer) else content.geometry


def _exams(index: CaseIndex) -> dict[tuple[str, str], list[Case]]:
    exams: dict[tuple[str, str], list[Case]] = {}
    for case in index.cases:
        exams.setdefault(_exam(case), []).append(case)
    return exams


def _exam(case: Case) -> tuple[str, str]:
    """What series of one exam have in common.

    DICOM has a study; files lie in one folder and differ in what follows the last underscore, as
    in BIDS (`sub-01_T1w.nii.gz`, `sub-01_FLAIR.nii.gz`).
    """
    if isinstance(case.content, Stack | Localizer):
        header = case.content.header
        return (header.study_uid, "")
    name = case.content.name.split(".")[0]
    return (str(case.content.parent), name.rsplit("_", 1)[0] if "_" in name else name)


def _left_aside(case: Case, why: str) -> Skip:
    n_files = case.source.get("n_files")
    return Skip(
        label=case.label,
        code="better_series",
        message=f"another series of the exam was planned on, the {why}",
        n_files=n_files if isinstance(n_files, int) else 1,
        uid_key=case.uid_key,
        source=case.source,
        place=Place.of(case.content),
        content=case.content,
    )
