"""Several planes at one place: time points, copies, or a contradiction."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.pipelines.dicom.decode import decode_frame, read_frame_bytes
from callosal.pipelines.dicom.grouping import Plane
from callosal.pipelines.dicom.isolation import decode_isolated, needs_isolation
from callosal.pipelines.dicom.pixel_layout import PixelLayout
from callosal.pipelines.dicom.slices import find_duplicates

_MANY_PLANES = 8
"""So many different images at one place were not put there by mistake."""


@dataclass(frozen=True, slots=True)
class TimePoints:
    """Planes of a stack by time point.

    Attributes:
        points: Planes of each time point, in order of time, each ordered along the normal.
        n_copies: Planes left out since they are exact copies of others.
    """

    points: tuple[tuple[Plane, ...], ...]
    n_copies: int


def split_time_points(planes: Sequence[Plane]) -> TimePoints:
    """Give each place of a stack one plane a time point.

    Time points are distinguished by temporal position, acquisition number, b-value or inversion
    time, whichever has exactly as many values as there are planes at a place.

    Args:
        planes: Planes of one stack, ordered along the normal.

    Raises:
        InputError: `duplicate_positions` where planes of one place differ and no such value
            distinguishes them.
    """
    places = _group_places(planes)
    if len(places) == len(planes):
        return TimePoints((tuple(planes),), 0)
    places = _drop_copies(places, same_image_only=True)
    points = _split_by_value(places)
    if not points:
        places = _drop_copies(places, same_image_only=False)
        _check_single(places)
        points = (tuple(place[0] for place in places),)
    return TimePoints(points, len(planes) - sum(map(len, points)))


def _group_places(planes: Sequence[Plane]) -> list[list[Plane]]:
    along_mm = np.array([plane.position_lps_mm for plane in planes]) @ planes[0].normal
    return [[planes[index] for index in group] for group in find_duplicates(along_mm)]


def _split_by_value(places: Sequence[Sequence[Plane]]) -> tuple[tuple[Plane, ...], ...]:
    """Time points by the first value that fits; none where no value does."""
    n_points = max(map(len, places))
    for candidate in range(len(_time_values(places[0][0]))):
        times = [[_time_values(plane)[candidate] for plane in place] for place in places]
        distinct = {time for place in times for time in place}
        unique_in_place = all(len({*place}) == len(place) for place in times)
        if None in distinct or len(distinct) != n_points or not unique_in_place:
            continue
        ordered = sorted(time for time in distinct if time is not None)
        return tuple(
            tuple(
                plane
                for place in places
                for plane in place
                if _time_values(plane)[candidate] == time
            )
            for time in ordered
        )
    return ()


def _time_values(plane: Plane) -> tuple[float | None, ...]:
    return (*plane.frame.times, plane.frame.inversion_time_ms)


def _drop_copies(places: Sequence[list[Plane]], same_image_only: bool) -> list[list[Plane]]:
    """Places without planes whose pixels are those of another; two encodings of one are equal."""
    several = [place for place in places if len(place) > 1]
    stored = {_name(plane): _as_stored(plane) for place in several for plane in place}
    undecided: dict[_Content, Plane] = {}
    for place in several:
        for alike in _by_image(place) if same_image_only else [place]:
            firsts = {stored[_name(plane)]: plane for plane in alike}
            if len(firsts) > 1 and _only_decoding_tells(list(firsts.values())):
                undecided |= firsts
    digests = _digests(list(undecided.values()))
    decoded = {content: digests.get(_name(plane)) for content, plane in undecided.items()}

    kept: list[list[Plane]] = []
    for place in places:
        single: dict[object, Plane] = {}
        for plane in place:
            content = stored.get(_name(plane))
            image = _image(plane) if same_image_only else None
            single.setdefault((image, decoded.get(content) or content), plane)
        kept.append(list(single.values()))
    return kept


_Content = tuple[object, ...] | None


def _by_image(place: Sequence[Plane]) -> list[list[Plane]]:
    """Planes of one place that are one frame of one SOPInstanceUID."""
    images: dict[object, list[Plane]] = {}
    for plane in place:
        images.setdefault(_image(plane), []).append(plane)
    return list(images.values())


def _image(plane: Plane) -> tuple[str, int]:
    return plane.header.sop_instance_uid, plane.frame.index


def _as_stored(plane: Plane) -> _Content:
    """What a plane is in its file: how it is stored, and a hash of its bytes."""
    try:
        data = read_frame_bytes(plane.header, plane.frame.index)
    except InputError:  # reading the stack will say so; here it only means: not proven equal
        return _name(plane)
    return (*_decoding_facts(plane), hashlib.sha256(data).hexdigest())


def _only_decoding_tells(planes: Sequence[Plane]) -> bool:
    """Whether planes that differ in their files may be one image."""
    facts = {_decoding_facts(plane) for plane in planes}
    return len(facts) > 1 or not planes[0].header.layout.is_native


def _name(plane: Plane) -> tuple[str, int]:
    return plane.header.file.path, plane.frame.index


def _digests(planes: Sequence[Plane]) -> Mapping[tuple[str, int], str]:
    """Hashes of the rescaled pixels of planes, by file and frame; of those that can be decoded."""
    found = {}
    try:
        for plane, pixels in zip(planes, _decoded(planes), strict=False):
            values = pixels * np.float32(plane.frame.slope) + np.float32(plane.frame.intercept)
            found[_name(plane)] = hashlib.sha256(values.astype(np.float32).tobytes()).hexdigest()
    except InputError:  # reading the stack will say so; here it only means: not proven equal
        pass
    return found


def _decoded(planes: Sequence[Plane]) -> Iterator[NDArray[np.integer]]:
    if planes and needs_isolation(planes):
        return decode_isolated(planes)
    return (decode_frame(plane.header, plane.frame.index) for plane in planes)


def _decoding_facts(plane: Plane) -> tuple[PixelLayout, float, float]:
    layout = replace(plane.header.layout, offset_bytes=0, n_frames=1)
    return layout, plane.frame.slope, plane.frame.intercept


def _check_single(places: Sequence[Sequence[Plane]]) -> None:
    n_doubled = sum(len(place) > 1 for place in places)
    if n_doubled and len(places) == 1 and places[0][0].header.layout.n_frames > 1:
        raise InputError(
            f"all {len(places[0])} frames lie at one place, so the file does not say where its "
            "slices are; export it with a position for each frame",
            "missing_tags",
        )
    if n_doubled and len(places) == 1 and len(places[0]) >= _MANY_PLANES:
        raise InputError(
            f"all {len(places[0])} images lie at one place along their normal, so their positions "
            "or directions are wrong, or they are a film of one slice; export them again",
            "duplicate_positions",
        )
    if n_doubled:
        raise InputError(
            f"{n_doubled} of {len(places)} slice positions hold several different images that no "
            "time, acquisition or b-value distinguishes; remove the wrong ones",
            "duplicate_positions",
        )
