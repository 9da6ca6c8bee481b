"""The image planes of a DICOM file: place in the patient, contrast, time and scaling."""

import math
from dataclasses import dataclass
from sys import intern

from callosal.models.errors import InputError
from callosal.pipelines.dicom.attributes import Attributes, tag_of
from callosal.pipelines.dicom.functional_groups import (
    FUNCTIONAL_GROUP_TAGS,
    read_functional_groups,
)

Triple = tuple[float, float, float]

MAX_COSINE_ERROR = 5e-3
"""How far row and column directions may be from unit length and from a right angle."""

MAX_SPACING_MM = 50.0
"""Pixel spacings above this are taken for errors."""

MAX_POSITION_MM = 1e4
"""Positions farther than this from the origin are taken for errors."""

_IMAGE_TYPE = tag_of("ImageType")
_COMPLEX_COMPONENT = tag_of("ComplexImageComponent")
_ORIENTATION = tag_of("ImageOrientationPatient")
_POSITION = tag_of("ImagePositionPatient")
_SPACING = tag_of("PixelSpacing")
_THICKNESS = tag_of("SliceThickness")
_SLICE_SPACING = tag_of("SpacingBetweenSlices")
_ECHO_NUMBER = tag_of("EchoNumbers")
_ECHO_TIME = tag_of("EchoTime")
_REPETITION_TIME = tag_of("RepetitionTime")
_INVERSION_TIME = tag_of("InversionTime")
_TEMPORAL_POSITION = tag_of("TemporalPositionIdentifier")
_ACQUISITION = tag_of("AcquisitionNumber")
_B_VALUE = tag_of("DiffusionBValue")
_SLOPE = tag_of("RescaleSlope")
_INTERCEPT = tag_of("RescaleIntercept")
_LEAST_SLOPE = 1e-10
_LARGEST_INTERCEPT = 2.0**22  # in steps of the slope: single precision keeps whole steps up to 2^24
FRAME_TAGS = (
    *FUNCTIONAL_GROUP_TAGS,
    _IMAGE_TYPE,
    _COMPLEX_COMPONENT,
    _ORIENTATION,
    _POSITION,
    _SPACING,
    _THICKNESS,
    _SLICE_SPACING,
    _ECHO_NUMBER,
    _ECHO_TIME,
    _REPETITION_TIME,
    _INVERSION_TIME,
    _TEMPORAL_POSITION,
    _ACQUISITION,
    _B_VALUE,
    _SLOPE,
    _INTERCEPT,
)

_NOT_MAGNITUDE = frozenset({"P", "PHASE", "PHASE MAP", "R", "REAL", "I", "IMAGINARY"})
_PROJECTIONS = frozenset({"PROJECTION IMAGE", "MIP", "MIN_IP", "MINIP"})


@dataclass(frozen=True, slots=True)
class Frame:
    """One image plane.

    Attributes:
        index: Place in its file, from 0.
        position_lps_mm: Centre of the first pixel (ImagePositionPatient).
        row_dir: Unit vector along a row, toward growing column index.
        col_dir: Unit vector down a column, at a right angle to row_dir.
        spacing_mm: Distance between rows and between columns.
        thickness_mm: Slice thickness, None where absent.
        slice_spacing_mm: Declared distance of slice centres, None where absent.
        image_type: Values of ImageType or FrameType.
        is_magnitude: False for phase, real and imaginary images.
        is_projection: True for maximum intensity projections and their like.
        echo_number: None where absent.
        echo_time_ms: None where absent.
        repetition_time_ms: None where absent.
        inversion_time_ms: None where absent.
        times: Temporal position, acquisition number, b-value: what may distinguish two
            frames of one place; None where absent.
        slope: Rescale slope, 1 where absent.
        intercept: Rescale intercept, 0 where absent.
    """

    index: int
    position_lps_mm: Triple
    row_dir: Triple
    col_dir: Triple
    spacing_mm: tuple[float, float]
    thickness_mm: float | None
    slice_spacing_mm: float | None
    image_type: tuple[str, ...]
    is_magnitude: bool
    is_projection: bool
    echo_number: int | None
    echo_time_ms: float | None
    repetition_time_ms: float | None
    inversion_time_ms: float | None
    times: tuple[float | None, float | None, float | None]
    slope: float
    intercept: float


def read_frames(attributes: Attributes, n_frames: int) -> tuple[Frame, ...]:
    """All planes of a file, from its functional groups where it has them.

    Args:
        attributes: Top-level elements of the file.
        n_frames: Frames that its pixel data holds.

    Raises:
        InputError: `missing_tags`, `bad_geometry`, `bad_rescale` or `frame_count`.
    """
    groups = read_functional_groups(attributes)
    if not groups and n_frames == 1:
        return (_read_frame(attributes, 0),)
    if len(groups) != n_frames:
        raise InputError(
            f"holds {n_frames} frames but places {len(groups)} of them in the patient",
            "frame_count",
        )
    return tuple(_read_frame(group, index) for index, group in enumerate(groups))


def _read_frame(attributes: Attributes, index: int) -> Frame:
    row_dir, col_dir = _read_directions(attributes)
    image_type = tuple(intern(value.upper()) for value in attributes.texts(_IMAGE_TYPE))
    component = attributes.text(_COMPLEX_COMPONENT) or "MAGNITUDE"
    slope, intercept = _read_rescale(attributes)
    return Frame(
        index=index,
        position_lps_mm=_read_position(attributes),
        row_dir=row_dir,
        col_dir=col_dir,
        spacing_mm=_read_spacing(attributes),
        thickness_mm=attributes.number(_THICKNESS),
        slice_spacing_mm=attributes.number(_SLICE_SPACING),
        image_type=image_type,
        is_magnitude=component in ("MAGNITUDE", "MIXED") and not _NOT_MAGNITUDE & {*image_type[2:]},
        is_projection=bool(_PROJECTIONS & {*image_type}),
        echo_number=attributes.integer(_ECHO_NUMBER),
        echo_time_ms=attributes.number(_ECHO_TIME),
        repetition_time_ms=attributes.number(_REPETITION_TIME),
        inversion_time_ms=attributes.number(_INVERSION_TIME),
        times=(
            attributes.number(_TEMPORAL_POSITION),
            attributes.number(_ACQUISITION),
            attributes.number(_B_VALUE),
        ),
        slope=slope,
        intercept=intercept,
    )


def _vector(attributes: Attributes, tag: int, length: int, keyword: str) -> tuple[float, ...]:
    values = attributes.numbers(tag)
    if not values and not attributes.texts(tag):
        raise InputError(
            f"has no {keyword}, so its place in the patient is unknown", "missing_tags"
        )
    if len(values) != length:
        raise InputError(f"{keyword} does not hold {length} numbers", "bad_geometry")
    return values


def _read_position(attributes: Attributes) -> Triple:
    x, y, z = _vector(attributes, _POSITION, 3, "ImagePositionPatient")
    if max(abs(x), abs(y), abs(z)) > MAX_POSITION_MM:
        raise InputError("ImagePositionPatient lies metres away from the scanner", "bad_geometry")
    return x, y, z


def _read_spacing(attributes: Attributes) -> tuple[float, float]:
    between_rows, between_columns = _vector(attributes, _SPACING, 2, "PixelSpacing")
    if not (0 < between_rows <= MAX_SPACING_MM and 0 < between_columns <= MAX_SPACING_MM):
        raise InputError(
            f"PixelSpacing {between_rows:g}, {between_columns:g} mm is not possible", "bad_geometry"
        )
    return between_rows, between_columns


def _read_directions(attributes: Attributes) -> tuple[Triple, Triple]:
    """Row and column direction, made exactly orthonormal where they are nearly so."""
    values = _vector(attributes, _ORIENTATION, 6, "ImageOrientationPatient")
    row, column = values[:3], values[3:]
    row_length, column_length = math.hypot(*row), math.hypot(*column)
    cosine = _dot(row, column)
    if max(abs(row_length - 1), abs(column_length - 1), abs(cosine)) > MAX_COSINE_ERROR:
        raise InputError(
            "ImageOrientationPatient is not two unit vectors at a right angle", "bad_geometry"
        )
    row_dir = _scaled(row, 1 / row_length)
    overlap = _dot(column, row_dir)
    column = tuple(c - overlap * r for c, r in zip(column, row_dir, strict=True))
    return row_dir, _scaled(column, 1 / math.hypot(*column))


def _dot(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    return sum(a * b for a, b in zip(first, second, strict=True))


def _scaled(vector: tuple[float, ...], factor: float) -> Triple:
    x, y, z = (value * factor for value in vector)
    return x, y, z


def _read_rescale(attributes: Attributes) -> tuple[float, float]:
    slope = _one_number(attributes, _SLOPE, "RescaleSlope", 1.0)
    intercept = _one_number(attributes, _INTERCEPT, "RescaleIntercept", 0.0)
    if slope == 0:
        raise InputError("RescaleSlope is 0, which would wipe the image out", "bad_rescale")
    if not _LEAST_SLOPE <= abs(slope) <= 1 / _LEAST_SLOPE:
        raise InputError(f"RescaleSlope {slope:g} is not possible", "bad_rescale")
    if abs(intercept) > _LARGEST_INTERCEPT * abs(slope):
        raise InputError(
            f"RescaleIntercept {intercept:g} wipes the image out at a RescaleSlope of {slope:g}",
            "bad_rescale",
        )
    return slope, intercept


def _one_number(attributes: Attributes, tag: int, keyword: str, otherwise: float) -> float:
    """The number of an element, or what it means that there is none."""
    if not attributes.texts(tag):
        return otherwise
    numbers = attributes.numbers(tag)
    if len(numbers) != 1:
        raise InputError(f"{keyword} is not one number", "bad_rescale")
    return numbers[0]
