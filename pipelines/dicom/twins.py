"""One acquisition that is there twice: as classic images, and as an enhanced file made of them.

Archives and converters keep both, in series of their own. Each alone is sound; together they
would be two cases of one scan.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from callosal.pipelines.dicom.stacks import Stack

_PLACE_MM = 0.1
_COSINE = 1e-3
_TIME_SHARE = 0.01


def without_twins(stacks: Iterable[Stack]) -> list[Stack]:
    """Leave enhanced stacks aside of which the classic images are there too.

    Args:
        stacks: All stacks, kept or skipped.

    Returns:
        The same in their order; an enhanced twin is skipped (`duplicate_file`), and the classic
        one has a note.
    """
    every = list(stacks)
    classic = [stack for stack in every if stack.is_kept and not _is_enhanced(stack)]
    noted: set[str] = set()
    judged = []
    for stack in every:
        twin = None
        if stack.is_kept and _is_enhanced(stack):
            twin = next((one for one in classic if _is_one_scan(one, stack)), None)
        if twin is None:
            judged.append(stack)
            continue
        noted.add(twin.key)
        reason = (
            f"an enhanced file of the scan that series {twin.header.series_number} holds as "
            "classic images; those are used"
        )
        judged.append(replace(stack, code="duplicate_file", reason=reason))
    note = "the same scan is there as an enhanced file too, which is left aside"
    return [replace(one, notes=(*one.notes, note)) if one.key in noted else one for one in judged]


def _is_enhanced(stack: Stack) -> bool:
    return any(len(plane.header.frames) > 1 for plane in stack.planes)


def _is_one_scan(classic: Stack, enhanced: Stack) -> bool:
    """Whether two stacks show the same slices, acquired alike."""
    one, two = classic.header, enhanced.header
    if not one.frame_of_reference_uid or (one.study_uid, one.frame_of_reference_uid) != (
        two.study_uid, two.frame_of_reference_uid,
    ):  # fmt: skip
        return False
    sizes = [(len(s.planes), s.header.layout.rows, s.header.layout.columns)
             for s in (classic, enhanced)]  # fmt: skip
    if sizes[0] != sizes[1]:
        return False
    a, b = classic.frame, enhanced.frame
    directions = [np.r_[frame.row_dir, frame.col_dir] for frame in (a, b)]
    places = [np.array([plane.frame.position_lps_mm for plane in stack.planes])
              for stack in (classic, enhanced)]  # fmt: skip
    return (
        bool(np.abs(directions[0] - directions[1]).max() < _COSINE)
        and bool(np.abs(places[0] - places[1]).max() < _PLACE_MM)
        and bool(np.allclose(a.spacing_mm, b.spacing_mm, rtol=1e-3))
        and _is_alike(a.echo_time_ms, b.echo_time_ms)
        and _is_alike(a.inversion_time_ms, b.inversion_time_ms)
    )


def _is_alike(one: float | None, two: float | None) -> bool:
    """Whether two times are equal; an unknown one contradicts nothing."""
    return not one or not two or abs(one - two) <= _TIME_SHARE * abs(two)
