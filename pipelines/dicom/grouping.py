"""Split the image planes of a series where their geometry or contrast differs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.dicom.frames import Frame
from callosal.pipelines.dicom.headers import Header

DIRECTION_TOLERANCE = 1e-3
"""Direction cosines that differ by less belong to one stack (0.06 degree)."""

SPACING_TOLERANCE_MM = 1e-3
"""Pixel spacings that differ by less belong to one stack."""


@dataclass(frozen=True, slots=True)
class Plane:
    """One image plane with the file it lies in."""

    header: Header
    frame: Frame

    @property
    def position_lps_mm(self) -> NDArray[np.float64]:
        """Patient position of the centre of its first pixel, shape (3,)."""
        return np.array(self.frame.position_lps_mm)

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit normal row_dir x col_dir, shape (3,)."""
        return np.cross(self.frame.row_dir, self.frame.col_dir)


def split_series(headers: Iterable[Header]) -> list[list[Plane]]:
    """Split the planes of one series into stacks, each ordered along its normal.

    Planes stay together where frame of reference, orientation, matrix, spacing, echo and image
    type agree. Never by InstanceNumber, SliceLocation or file name: none of them is reliable.

    Args:
        headers: Headers of one series.

    Returns:
        Planes of each stack by growing position along row_dir x col_dir; planes of one place
        in the order of their UIDs.
    """
    by_contrast: dict[object, list[Plane]] = {}
    for header in headers:
        for frame in header.frames:
            key = _contrast_key(header, frame)
            by_contrast.setdefault(key, []).append(Plane(header, frame))
    return [
        order_planes(planes)
        for group in by_contrast.values()
        for planes in _split_by_geometry(group)
    ]


def _contrast_key(header: Header, frame: Frame) -> tuple[object, ...]:
    echo_time = None if frame.echo_time_ms is None else round(frame.echo_time_ms, 2)
    return (
        header.frame_of_reference_uid,
        header.layout.rows,
        header.layout.columns,
        frame.echo_number,
        echo_time,
        frame.image_type,
        frame.is_magnitude,
    )


def _split_by_geometry(planes: Sequence[Plane]) -> list[list[Plane]]:
    exact: dict[tuple[float, ...], list[Plane]] = {}
    for plane in planes:
        frame = plane.frame
        exact.setdefault((*frame.row_dir, *frame.col_dir, *frame.spacing_mm), []).append(plane)
    tolerance = np.array([DIRECTION_TOLERANCE] * 6 + [SPACING_TOLERANCE_MM] * 2)
    clusters: list[tuple[NDArray[np.float64], list[Plane]]] = []
    for values, members in exact.items():
        geometry = np.array(values)
        for center, cluster in clusters:
            if (np.abs(geometry - center) <= tolerance).all():
                cluster.extend(members)
                break
        else:
            clusters.append((geometry, members))
    return [members for _, members in clusters]


def order_planes(planes: Iterable[Plane]) -> list[Plane]:
    """Planes of one orientation by growing position along row_dir x col_dir, copies by UID."""
    planes = list(planes)
    normal = planes[0].normal
    return sorted(
        planes,
        key=lambda plane: (
            float(plane.position_lps_mm @ normal),
            plane.header.sop_instance_uid,
            plane.frame.index,
            plane.header.file.name,
        ),
    )
