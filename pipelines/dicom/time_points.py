"""Several planes at one place: time points, copies, or a contradiction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from callosal.models.errors import InputError
from callosal.pipelines.dicom.decode import read_frame_bytes
from callosal.pipelines.dicom.grouping import Plane
from callosal.pipelines.dicom.pixel_layout import PixelLayout
from callosal.pipelines.dicom.slices import find_duplicates


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

    Time points are told apart by temporal position, acquisition number, b-value or inversion
    time, whichever has exactly as many values as there are planes at a place.

    Args:
        planes: Planes of one stack, ordered along the normal.

    Raises:
        InputError: `duplicate_positions` where planes of one place differ and no such value
            tells them apart.
    """
    places = _group_places(planes)
    if len(places) == len(planes):
        return TimePoints((tuple(planes),), 0)
    places = [_drop_copies(place, same_image_only=True) for place in places]
    points = _split_by_value(places)
    if not points:
        places = [_drop_copies(place, same_image_only=False) for place in places]
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


def _drop_copies(place: Sequence[Plane], same_image_only: bool) -> list[Plane]:
    kept: list[Plane] = []
    for plane in place:
        rivals = [other for other in kept if not same_image_only or _is_same_image(plane, other)]
        if not any(_has_same_pixels(plane, other) for other in rivals):
            kept.append(plane)
    return kept


def _is_same_image(first: Plane, second: Plane) -> bool:
    return (first.header.sop_instance_uid, first.frame.index) == (
        second.header.sop_instance_uid,
        second.frame.index,
    )


def _has_same_pixels(first: Plane, second: Plane) -> bool:
    """Whether two planes are equal byte for byte; the same image in two encodings is not."""
    if _decoding_facts(first) != _decoding_facts(second):
        return False
    try:
        data = read_frame_bytes(first.header, first.frame.index)
        return data == read_frame_bytes(second.header, second.frame.index)
    except InputError:  # reading the stack will say so; here it only means: not proven equal
        return False


def _decoding_facts(plane: Plane) -> tuple[PixelLayout, float, float]:
    layout = replace(plane.header.layout, offset_bytes=0, n_frames=1)
    return layout, plane.frame.slope, plane.frame.intercept


def _check_single(places: Sequence[Sequence[Plane]]) -> None:
    n_doubled = sum(len(place) > 1 for place in places)
    if n_doubled:
        raise InputError(
            f"{n_doubled} of {len(places)} slice positions hold several different images that no "
            "time, acquisition or b-value tells apart; remove the wrong ones",
            "duplicate_positions",
        )
