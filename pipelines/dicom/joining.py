"""Parts of a series that fill each other's gaps: one stack again, or refused together.

A series is split wherever a tag differs (`grouping`), and some tags differ for no reason: echo
times of 2.52 and 2.54, directions in the third decimal, image types that a filter changed. Slices
that lie between each other on one even grid were acquired as one stack, whatever their tags say.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from callosal.models.errors import InputError
from callosal.pipelines.dicom.grids import FittedGrid, fit_grid
from callosal.pipelines.dicom.grouping import Plane, order_planes
from callosal.pipelines.dicom.slices import (
    SPACING_TOLERANCE,
    SPACING_TOLERANCE_MM,
    Array,
    find_duplicates,
    find_places,
    rounding_of_positions_mm,
)

NEAR_DIRECTION = 2e-2
"""Direction cosines that differ by less may be those of one stack (1.1 degree)."""

NEAR_SPACING = 0.01
"""Pixel spacings that differ by a smaller share may be those of one stack."""

PARALLEL_COSINE = 0.99
"""Least cosine between the normals of parts that may be cut from one volume (8 degrees)."""

NEAR_ECHO = 0.05
NEAR_ECHO_MS = 0.1
"""Echo times that differ by a smaller share, or by less, are those of one echo."""

MIN_COMMON_PLANES = 8
MIN_COMMON_SHARE = 0.8
"""So many slices, and such a share of them, on one grid are no chance: the others are strays."""

FEW_SLICES = 2
"""Slices that alone are no volume."""

_MAX_SIDEWAYS_MM = 0.5
_SEEDS = 9
_MOST_TOLD = 4
_LEAST_FILLED = 0.5
"""Share of the places of a grid that hold a slice, below which it is chance."""


@dataclass(frozen=True, slots=True)
class Group:
    """Planes that are to be one stack.

    Attributes:
        planes: By growing position along the normal.
        notes: What a user should know of them.
        code: Why they are refused together, "" where they are not.
        reason: The same in one line.
    """

    planes: tuple[Plane, ...]
    notes: tuple[str, ...] = ()
    code: str = ""
    reason: str = ""


def join_parts(parts: Iterable[Sequence[Plane]]) -> list[Group]:
    """Bring together the parts of one series that fill each other's gaps.

    Args:
        parts: Planes of each part, as `split_series` gives them.

    Returns:
        Parts as they are, or joined with a note; parts that fill each other's gaps but cannot be
        one stack are refused as one (`parted_series`), with the tag that parts them.
    """
    left = sorted((Group(tuple(part)) for part in parts), key=_size_and_place)
    done: list[Group] = []
    for cluster in clusters(left, are_near):
        echoes = clusters(cluster, have_one_echo)
        joined = [group for echo in echoes for group in join_all(echo)]
        done.extend(refuse_parted(joined, fills_one_grid))
    usable = [group for group in done if not group.code]
    refused = [group for group in done if group.code]
    for cluster in clusters(sorted(usable, key=_size_and_place), are_parallel):
        refused.extend(refuse_parted(cluster, fills_by_height))
    return refused


def join_all(groups: Sequence[Group]) -> list[Group]:
    """Join groups of one orientation that fill one grid and differ in nothing that matters."""
    left = sorted(groups, key=_size_and_place)
    joined: list[Group] = []
    while left:
        first, *others = left
        chosen = [first, *disjoint(first, others)]
        if len(first.planes) <= FEW_SLICES and len(chosen) < len(left):
            return [*joined, *left]  # which of the slices of one place belongs to which other?
        if len(chosen) > 1 and not fills_one_grid(chosen):
            common = on_common_grid(chosen)
            chosen = common if first in common and fills_one_grid(common) else [first]
        joined.append(first if len(chosen) == 1 else _join(chosen))
        taken = {id(group) for group in chosen}
        left = [group for group in left if id(group) not in taken]
        if len(first.planes) <= FEW_SLICES and len(chosen) == 1:
            return [*joined, *left]  # the others are no larger, and as scattered
    return joined


def fills_one_grid(groups: Sequence[Group]) -> bool:
    """Whether the planes of groups lie on one grid, most of whose places they hold."""
    fitted = fit_groups(groups)
    if fitted is None:
        return False
    places = fitted.grid.places
    return len(places) >= _LEAST_FILLED * (places[-1] + 1)


def fills_by_height(groups: Sequence[Group]) -> bool:
    """Whether groups of one direction, whatever their matrix, fill one grid along their normal."""
    planes = [plane for group in groups for plane in group.planes]
    positions = np.array([plane.position_lps_mm for plane in planes])
    along_mm = np.sort(positions @ planes[0].normal)
    single = along_mm[[place[0] for place in find_duplicates(along_mm)]]
    if len(single) < MIN_COMMON_PLANES:
        return False
    try:
        places = find_places(single, rounding_of_positions_mm(positions))
    except InputError:
        return False
    return len(single) >= _LEAST_FILLED * (int(places[-1]) + 1)


def fit_groups(groups: Sequence[Group]) -> FittedGrid | None:
    """The grid of all planes of groups, one a place; None if they fit none."""
    planes = order_planes(plane for group in groups for plane in group.planes)
    along_mm = np.array([plane.position_lps_mm for plane in planes]) @ planes[0].normal
    single = [planes[place[0]] for place in find_duplicates(along_mm)]
    if len(single) < 2:
        return None
    try:
        return fit_grid(single)
    except InputError:
        return None


def on_common_grid(groups: Sequence[Group]) -> list[Group]:
    """Those groups whose planes lie on the grid of most planes; none if no grid holds most.

    Grids of the median distance are laid through some of the planes, and the one that meets most
    of them is taken.
    """
    normal = groups[0].planes[0].normal
    planes = [(plane, group) for group in groups for plane in group.planes]
    positions = np.array([plane.position_lps_mm for plane, _ in planes])
    along = positions @ normal
    sideways = positions - np.outer(along, normal)
    is_near = np.abs(sideways - np.median(sideways, axis=0)).max(axis=1) <= _MAX_SIDEWAYS_MM
    places = np.unique(along[is_near])
    if len(places) < MIN_COMMON_PLANES:
        return []
    base = float(np.median(np.diff(places)))
    seeds = places[np.linspace(0, len(places) - 1, _SEEDS).astype(int)]
    hits = [is_near & _meets(along, float(seed), base) for seed in seeds]
    best = max(hits, key=lambda hit: int(hit.sum()))
    if best.sum() < max(MIN_COMMON_PLANES, MIN_COMMON_SHARE * len(planes)):
        return []
    off = {id(group) for (_, group), hit in zip(planes, best, strict=True) if not hit}
    return [group for group in groups if id(group) not in off]


def _meets(along: Array, seed: float, base: float) -> np.ndarray:
    """Which heights lie on the grid through one of them, its distance once mended."""
    for _ in range(3):
        steps = np.round((along - seed) / base)
        tolerance = max(SPACING_TOLERANCE * base, SPACING_TOLERANCE_MM)
        hit = np.abs(along - seed - steps * base) <= tolerance * np.maximum(np.abs(steps), 1)
        used = hit & (steps != 0)
        if not used.any():
            return hit
        base = float((steps[used] * (along - seed)[used]).sum() / (steps[used] ** 2).sum())
    return np.abs(along - seed - np.round((along - seed) / base) * base) <= 2 * tolerance


def is_sparse(group: Group, among: Sequence[Group]) -> bool:
    """Whether a group has gaps that the groups about it fill."""
    alone, together = fit_groups([group]), fit_groups(among)
    if alone is None or alone.grid.missing:
        return True
    return together is not None and alone.line.spacing_mm > 1.5 * together.line.spacing_mm


def clusters(
    groups: Iterable[Group], are_alike: Callable[[Group, Group], bool]
) -> list[list[Group]]:
    """Groups that are alike to the first of their cluster."""
    found: list[list[Group]] = []
    for group in groups:
        home = next((cluster for cluster in found if are_alike(cluster[0], group)), None)
        if home is None:
            found.append([group])
        else:
            home.append(group)
    return found


def are_near(first: Group, second: Group) -> bool:
    """Whether directions, matrix and pixel spacing are nearly equal."""
    one, other = first.planes[0], second.planes[0]
    matrices = [(plane.header.layout.rows, plane.header.layout.columns) for plane in (one, other)]
    directions = [(*plane.frame.row_dir, *plane.frame.col_dir) for plane in (one, other)]
    spacings = [plane.frame.spacing_mm for plane in (one, other)]
    return (
        matrices[0] == matrices[1]
        and all(abs(a - b) <= NEAR_DIRECTION for a, b in zip(*directions, strict=True))
        and all(abs(a - b) <= NEAR_SPACING * max(a, b) for a, b in zip(*spacings, strict=True))
    )


def are_parallel(first: Group, second: Group) -> bool:
    """Whether the slices lie in parallel, on whatever matrix."""
    cosine = float(first.planes[0].normal @ second.planes[0].normal)
    return abs(cosine) >= PARALLEL_COSINE


def differing_tags(groups: Sequence[Group]) -> list[str]:
    """Tags in which groups differ, by keyword."""
    facts: dict[str, Callable[[Plane], object]] = {
        "SeriesInstanceUID": lambda plane: plane.header.series_uid,
        "FrameOfReferenceUID": lambda plane: plane.header.frame_of_reference_uid,
        "EchoTime": lambda plane: plane.frame.echo_time_ms,
        "EchoNumbers": lambda plane: plane.frame.echo_number,
        "ImageType": lambda plane: plane.frame.image_type,
        "ComplexImageComponent": lambda plane: plane.frame.is_magnitude,
        "ImageOrientationPatient": lambda plane: (plane.frame.row_dir, plane.frame.col_dir),
        "PixelSpacing": lambda plane: plane.frame.spacing_mm,
        "Rows": lambda plane: plane.header.layout.rows,
        "Columns": lambda plane: plane.header.layout.columns,
    }
    firsts = [group.planes[0] for group in groups]
    return [tag for tag, fact in facts.items() if len({fact(plane) for plane in firsts}) > 1]


def have_one_echo(first: Group, second: Group) -> bool:
    """Whether frame of reference and kind of image agree, and echo times nearly do."""
    one, other = first.planes[0], second.planes[0]
    times = [plane.frame.echo_time_ms for plane in (one, other)]
    known = [time for time in times if time is not None]
    apart_ms = max(known) - min(known) if known else 0.0
    return (
        one.header.frame_of_reference_uid == other.header.frame_of_reference_uid
        and one.frame.is_magnitude == other.frame.is_magnitude
        and one.frame.is_projection == other.frame.is_projection
        and apart_ms <= max(NEAR_ECHO * max(known, default=0.0), NEAR_ECHO_MS)
    )


def _size_and_place(group: Group) -> tuple[int, tuple[float, ...], str]:
    first = group.planes[0]
    return -len(group.planes), first.frame.position_lps_mm, first.header.sop_instance_uid


def disjoint(first: Group, others: Iterable[Group]) -> list[Group]:
    """Groups of which no plane lies at the place of one of the groups before."""
    normal = first.planes[0].normal
    taken = sorted(_along(first, normal))
    kept = []
    for group in others:
        places = _along(group, normal)
        if not any(_is_taken(place, taken) for place in places):
            kept.append(group)
            for place in places:
                insort(taken, place)
    return kept


def overlap(first: Group, second: Group) -> bool:
    """Whether the range of one group along the normal reaches into that of the other."""
    one, other = (_along(group, first.planes[0].normal) for group in (first, second))
    return max(min(one), min(other)) <= min(max(one), max(other))


def _along(group: Group, normal: Array) -> list[float]:
    return [float(plane.position_lps_mm @ normal) for plane in group.planes]


def _is_taken(place: float, taken: Sequence[float]) -> bool:
    at = bisect_left(taken, place)
    return any(
        abs(other - place) <= SPACING_TOLERANCE_MM for other in taken[max(at - 1, 0) : at + 1]
    )


def _join(groups: Sequence[Group]) -> Group:
    planes = tuple(order_planes(plane for group in groups for plane in group.planes))
    tags = ", ".join(differing_tags(groups))
    note = f"joined from {len(groups)} parts that fill each other's gaps"
    return Group(planes, (f"{note}; they differ in {tags}" if tags else note,))


def refuse_parted(
    groups: Sequence[Group], fill_one_grid: Callable[[Sequence[Group]], bool]
) -> list[Group]:
    """Refuse groups together whose slices lie between each other: one alone would be sparse."""
    if len(groups) < 2:
        return list(groups)
    first, *others = sorted(groups, key=_size_and_place)
    parted = [first, *disjoint(first, others)]
    n_others = sum(len(group.planes) for group in parted[1:])
    are_strays = n_others <= FEW_SLICES and not is_sparse(first, parted)
    if len(parted) < 2 or are_strays or not fill_one_grid(parted):
        parted = [group for group in groups if len(group.planes) <= FEW_SLICES]
        if not (parted and on_common_grid(parted)):
            return list(groups)
    taken = {id(group) for group in parted}
    tags = ", ".join(differing_tags(parted)) or "its headers"
    sizes = " and ".join(str(len(group.planes)) for group in parted)
    if len(parted) > _MOST_TOLD:
        sizes = f"{len(parted)} parts"
    refused = Group(
        tuple(order_planes(plane for group in parted for plane in group.planes)),
        code="parted_series",
        reason=f"{tags} parts the slices of one grid into {sizes}; mend the tag, or keep one part",
    )
    return [refused, *(group for group in groups if id(group) not in taken)]
