"""All measures of the callosum on one slice."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.reference_line import ReferenceLine
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.morphometry.borders import find_borders
from callosal.pipelines.morphometry.callosum_index import corpus_callosum_index, find_diameter
from callosal.pipelines.morphometry.midline import Midline, find_midline
from callosal.pipelines.morphometry.outline import even_outline, perimeter_mm
from callosal.pipelines.morphometry.parcellation import (
    PARTS,
    Course,
    Parcellation,
    Scheme,
    parcellate,
)
from callosal.pipelines.morphometry.partial_volume import partial_volume_area_mm2
from callosal.pipelines.morphometry.thickness import part_widths_mm

SMOOTHING = 0.005
"""Least smoothing of the outline, as a share of the perimeter: 1 mm on a common callosum."""

PARCELLATIONS = tuple(product(Scheme, Course))

OF_THE_MIDLINE = (
    "midline_length_mm",
    "thickness_mean_mm",
    "thickness_max_mm",
    "curvature_mean_per_mm",
    "genu_width_mm",
    "body_width_mm",
    "isthmus_width_mm",
    "splenium_width_mm",
    "bending_angle_deg",
)


def part_names(scheme: Scheme, course: Course) -> list[str]:
    """Names of the measures of a parcellation's parts.

    >>> part_names(Scheme.HOFER_FRAHM, Course.MIDLINE)[0]
    'hofer_frahm_midline_1_mm2'
    """
    prefix = f"{scheme}_midline" if course is Course.MIDLINE else str(scheme)
    return [f"{prefix}_{number}_mm2" for number in range(1, PARTS[scheme] + 1)]


PART_NAMES = tuple(name for pair in PARCELLATIONS for name in part_names(*pair))


@dataclass(frozen=True, eq=False)
class Morphometry:
    """The measures of one callosum; each can be read as an attribute too, such as `area_mm2`.

    Attributes:
        values: Every measure of docs/reference/measures.md by name; None if it could not be taken.
        reasons: A reason code for each measure that is None.
        outline_mm: The even outline that was measured, shape (N, 2).
        midline: The midline; None if the outline does not have two tips.
        parcellations: Both schemes, straight and along the midline; empty without a midline.
    """

    values: Mapping[str, float | None]
    reasons: Mapping[str, str]
    outline_mm: Array
    midline: Midline | None
    parcellations: tuple[Parcellation, ...]

    def __getattr__(self, name: str) -> float | None:
        """The measure of that name."""
        if name != "values" and name in self.values:
            return self.values[name]
        raise AttributeError(
            f"no measure {name!r}; docs/reference/measures.md lists those that there are"
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.values]

    def as_document(self) -> dict[str, float | None]:
        """All measures by name, for plan.json and result tables."""
        return dict(self.values)

    @property
    def thickness_profile_mm(self) -> list[float] | None:
        """Thickness at 100 even places along the midline, anterior first."""
        if self.midline is None:
            return None
        return [float(value) for value in self.midline.thickness_profile_mm()]


def measure(
    outline_mm: Array,
    component: Array,
    slice_image: SliceImage,
    box: RotatedBox,
    line: ReferenceLine,
) -> Morphometry:
    """Measure a callosum.

    Args:
        outline_mm: Outer outline of the callosum, shape (N, 2).
        component: Probability map with every other component erased, shape (H, W).
        slice_image: Grid of the map.
        box: Box around the outline; its long axis separates anterior from posterior.
        line: Reference line, above which the height is measured.

    Raises:
        GeometryError: The outline encloses no area.
    """
    even_mm = even_outline(outline_mm, _smoothing_mm(outline_mm, component, slice_image))
    measured = _Measured({}, {})
    measured.values.update(_of_the_outline(even_mm, box))
    _add_height(measured, even_mm, line)
    _add_partial_volume(measured, component, slice_image)
    _add_diameter(measured, even_mm, box)
    try:
        midline = find_midline(find_borders(even_mm, box))
    except GeometryError as error:
        measured.leave_out((*OF_THE_MIDLINE, *PART_NAMES), error.code)
        return Morphometry(measured.values, measured.reasons, even_mm, None, ())
    _add_midline(measured, midline, box)
    parcellations = tuple(
        parcellate(scheme, course, even_mm, midline, box) for scheme, course in PARCELLATIONS
    )
    _add_parts(measured, parcellations)
    return Morphometry(measured.values, measured.reasons, even_mm, midline, parcellations)


def _smoothing_mm(outline_mm: Array, component: Array, slice_image: SliceImage) -> float:
    """A share of the perimeter; at least a pixel if the outline is the staircase of a mask."""
    share_mm = SMOOTHING * perimeter_mm(outline_mm)
    if ((component > 0) & (component < 1)).any():
        return share_mm
    return max(share_mm, math.sqrt(math.prod(slice_image.spacing_mm)))


def _of_the_outline(even_mm: Array, box: RotatedBox) -> dict[str, float]:
    area, perimeter = polygon.area_mm2(even_mm), perimeter_mm(even_mm)
    return {
        "area_mm2": area,
        "perimeter_mm": perimeter,
        "circularity": 4 * math.pi * area / perimeter**2,
        "box_length_mm": box.size_mm[0],
        "box_width_mm": box.size_mm[1],
    }


@dataclass(frozen=True)
class _Measured:
    """Measures collected so far, and why some are missing."""

    values: dict[str, float | None]
    reasons: dict[str, str]

    def leave_out(self, names: Iterable[str], code: str) -> None:
        self.values.update(dict.fromkeys(names))
        self.reasons.update(dict.fromkeys(names, code))


def _add_height(measured: _Measured, even_mm: Array, line: ReferenceLine) -> None:
    """Height of the outline above the reference line."""
    base, from_line = np.subtract(line.start_mm, line.end_mm), even_mm - np.array(line.end_mm)
    if line.length_mm <= 0:
        measured.leave_out(["height_mm"], "no_line")
        return
    heights = (base[0] * from_line[:, 1] - base[1] * from_line[:, 0]) / line.length_mm
    measured.values["height_mm"] = float(heights.max())


def _add_partial_volume(measured: _Measured, component: Array, slice_image: SliceImage) -> None:
    try:
        measured.values["pv_area_mm2"] = partial_volume_area_mm2(component, slice_image)
    except GeometryError as error:
        measured.leave_out(["pv_area_mm2"], error.code)


def _add_diameter(measured: _Measured, even_mm: Array, box: RotatedBox) -> None:
    diameter = find_diameter(even_mm, box)
    measured.values["ap_diameter_mm"] = diameter.length_mm
    try:
        measured.values["cc_index"] = corpus_callosum_index(even_mm, diameter)
    except GeometryError as error:
        measured.leave_out(["cc_index"], error.code)


def _add_midline(measured: _Measured, midline: Midline, box: RotatedBox) -> None:
    profile = midline.thickness_profile_mm()
    measured.values.update(
        midline_length_mm=midline.length_mm,
        thickness_mean_mm=float(profile.mean()),
        thickness_max_mm=float(profile.max()),
        curvature_mean_per_mm=midline.mean_curvature_per_mm(),
        **part_widths_mm(profile),
    )
    try:
        measured.values["bending_angle_deg"] = midline.bending_angle_deg(box)
    except GeometryError as error:
        measured.leave_out(["bending_angle_deg"], error.code)


def _add_parts(measured: _Measured, parcellations: Sequence[Parcellation]) -> None:
    for parcellation in parcellations:
        names = part_names(parcellation.scheme, parcellation.course)
        measured.values.update(zip(names, parcellation.areas_mm2, strict=True))
        missing = [name for name in names if measured.values[name] is None]
        code = "no_rostral_body" if parcellation.undivided_mm is None else "no_rostrum"
        measured.leave_out(missing, code)
