"""Volumes whose SeriesInstanceUID changes from slice to slice, as some exports leave them.

Taken by its UID, each slice would be a series of its own and pass for a localizer. Parts that lie
on one even grid belong together: they are one volume where study, frame of reference and the
number or the time of the series agree, else they are refused together.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from callosal.pipelines.dicom.grouping import order_planes
from callosal.pipelines.dicom.headers import Header
from callosal.pipelines.dicom.joining import (
    FEW_SLICES,
    MIN_COMMON_PLANES,
    Group,
    are_near,
    are_parallel,
    clusters,
    disjoint,
    fills_by_height,
    fills_one_grid,
    have_one_echo,
    is_sparse,
    join_all,
    on_common_grid,
    overlap,
    refuse_parted,
)

_LEAST_PLANES = 3
"""Two slices always lie on a grid."""

Key = Callable[[Header], tuple[object, ...] | None]


def gather_scattered(series: Iterable[Sequence[Group]]) -> list[Group]:
    """Bring together what lies in several series but on one grid.

    Args:
        series: Groups of each series, as `join_parts` gives them.

    Returns:
        Groups of one series as they were, joined ones with a note, and refused ones
        (`scattered_series`).
    """
    groups = [group for of_series in series for group in of_series]
    kept = [group for group in groups if group.code]
    left = [group for group in groups if not group.code]
    ties: tuple[Key, ...] = (_numbered, _started, _acquired)
    for key in ties:
        left, found = _sweep(left, key, _joined)
        kept.extend(group for group in found if group.code)
        left.extend(group for group in found if not group.code)
    for key in ties:
        left, found = _sweep(left, key, _parted_in_matrix, are_parallel)
        kept.extend(found)
    exams: tuple[Key, ...] = (_of_study, _of_frame, _of_exam, _of_person)
    for key in exams:
        left, found = _sweep(left, key, _refused_parts)
        kept.extend(found)
    lone = [group for group in left if len(group.planes) <= FEW_SLICES]
    kept.extend(group for group in left if len(group.planes) > FEW_SLICES)
    for key in (*ties, *exams, _any):
        lone, found = _sweep(lone, key, _refused_slices)
        kept.extend(found)
    return _with_rest(kept, lone)


def _with_rest(kept: Iterable[Group], rest: Iterable[Group]) -> list[Group]:
    """Refuse with a refused group what lies between its slices, and keep all else."""
    refused = [group for group in kept if group.code]
    others = [group for group in kept if not group.code] + list(rest)
    for group in sorted(others, key=lambda other: -len(other.planes)):
        home = next((home for home in refused if _belongs_to(group, home)), None)
        if home is None:
            continue
        planes = tuple(order_planes([*home.planes, *group.planes]))
        refused[refused.index(home)] = replace(home, planes=planes)
        others.remove(group)
    return [*refused, *others]


def _belongs_to(group: Group, refused: Group) -> bool:
    if len(refused.planes) < MIN_COMMON_PLANES or len(disjoint(refused, [group])) != 1:
        return False
    are_few = len(group.planes) <= FEW_SLICES
    if are_few and are_near(refused, group):
        return fills_one_grid([refused, group])
    lies_within = are_few or overlap(refused, group)
    return lies_within and are_parallel(refused, group) and fills_by_height([refused, group])


def several_patients(headers: Iterable[Header]) -> str:
    """Why images cannot be of one series: they show several patients; "" where they do not.

    Patients are distinguished by hashes of id and its issuer, name, birth date and sex; what is
    absent contradicts nothing.
    """
    for values in zip(*{header.person for header in headers}, strict=True):
        n_persons = len({*values} - {""})
        if n_persons > 1:
            return (
                f"its images are of {n_persons} different patients; give each a SeriesInstanceUID "
                "of its own"
            )
    return ""


def _numbered(header: Header) -> tuple[object, ...] | None:
    if header.series_number is None:
        return None
    return header.study_uid, header.frame_of_reference_uid, header.series_number


def _started(header: Header) -> tuple[object, ...] | None:
    start = header.moments[0]
    return (header.study_uid, header.frame_of_reference_uid, start) if start else None


def _acquired(header: Header) -> tuple[object, ...] | None:
    time = header.moments[1]
    return (header.study_uid, header.frame_of_reference_uid, time) if time else None


def _of_study(header: Header) -> tuple[object, ...] | None:
    return header.study_uid, header.frame_of_reference_uid


def _of_exam(header: Header) -> tuple[object, ...] | None:
    return (header.study_uid,)


def _of_frame(header: Header) -> tuple[object, ...] | None:
    return (header.frame_of_reference_uid,) if header.frame_of_reference_uid else None


def _of_person(header: Header) -> tuple[object, ...] | None:
    # issuer and sex name nobody
    return header.person if any(header.person[:3]) else None


def _any(_: Header) -> tuple[object, ...] | None:
    return ()


def _sweep(
    groups: Sequence[Group],
    key: Key,
    gather: Callable[[Sequence[Group]], list[Group]],
    are_alike: Callable[[Group, Group], bool] = are_near,
) -> tuple[list[Group], list[Group]]:
    """Gather groups of equal key that are alike; those that stay as they were, and the others."""
    by_key: dict[tuple[object, ...], list[Group]] = {}
    left: list[Group] = []
    for group in groups:
        value = key(group.planes[0].header)
        if value is None:
            left.append(group)
        else:
            by_key.setdefault(value, []).append(group)
    found: list[Group] = []
    for alike in by_key.values():
        for cluster in clusters(alike, are_alike):
            before = {id(group) for group in cluster}
            for group in gather(cluster):
                (left if id(group) in before else found).append(group)
    return left, found


def _joined(cluster: Sequence[Group]) -> list[Group]:
    """One volume of groups that differ in their series UID alone."""
    if sum(len(group.planes) for group in cluster) < _LEAST_PLANES:
        return list(cluster)
    before = {id(group) for group in cluster}
    return [
        group if id(group) in before else _of_one_patient(group)
        for echo in clusters(cluster, have_one_echo)
        for group in join_all(echo)
    ]


def _of_one_patient(group: Group) -> Group:
    reason = several_patients(plane.header for plane in group.planes)
    if reason:
        return replace(group, code="several_patients", reason=reason)
    return replace(group, notes=(_note(group), *group.notes))


def _note(group: Group) -> str:
    n_series = len({plane.header.series_uid for plane in group.planes})
    return f"its slices lie in {n_series} series of one number or time: taken as one volume"


def _parted_in_matrix(cluster: Sequence[Group]) -> list[Group]:
    """Refuse groups of one series whose slices lie between each other on several matrices."""
    return refuse_parted(cluster, fills_by_height)


def _refused_parts(cluster: Sequence[Group]) -> list[Group]:
    """Refuse groups of several slices that fill one grid, though nothing says that they are one."""
    first, *others = sorted(cluster, key=lambda group: -len(group.planes))
    parts = [first, *disjoint(first, others)]
    n_planes = sum(len(group.planes) for group in parts)
    few = [group for group in parts if len(group.planes) <= FEW_SLICES]
    if len(parts) < 2 or n_planes < MIN_COMMON_PLANES or not fills_one_grid(parts):
        return list(cluster)
    if len(few) == len(parts) - 1 and not is_sparse(first, parts):
        return list(cluster)  # a whole volume, and a scout in line with it
    return _refuse(parts, cluster)


def _refused_slices(cluster: Sequence[Group]) -> list[Group]:
    """Refuse single slices that together look like a volume or several."""
    is_volume = len(cluster) >= MIN_COMMON_PLANES and on_common_grid(cluster)
    return _refuse(cluster, cluster) if is_volume else list(cluster)


def _refuse(parts: Sequence[Group], cluster: Sequence[Group]) -> list[Group]:
    planes = tuple(order_planes(plane for group in parts for plane in group.planes))
    taken = {id(group) for group in parts}
    refused = Group(
        planes,
        code="scattered_series",
        reason=f"{len(parts)} series fill one grid as the slices of one volume do, but differ in "
        "their identifiers; give them one SeriesInstanceUID, or keep those that belong together",
    )
    return [refused, *(group for group in cluster if id(group) not in taken)]
