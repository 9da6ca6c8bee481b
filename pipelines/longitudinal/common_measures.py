"""The measures of every visit, on outlines that differ only where the image edges differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from callosal.export.runtime import Segmenter
from callosal.models.errors import GeometryError, InputError
from callosal.pipelines.callosum.common_resolution import at_common_resolution
from callosal.pipelines.callosum.finding import find_finding
from callosal.pipelines.callosum.quality import SURE
from callosal.pipelines.callosum.segmentation import Callosum, find_callosa_on
from callosal.pipelines.geometry.reference_line import LineKind, find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.longitudinal.common_slices import MIDDLE
from callosal.pipelines.longitudinal.edge_motion import EdgeMotion, edge_motion, outward_normals
from callosal.pipelines.morphometry.measures import Morphometry, measure
from callosal.pipelines.morphometry.missing_parts import without_parts
from callosal.pipelines.morphometry.outline import even_outline

Array = NDArray[np.float64]
Pixels = NDArray[np.float32]

FEWEST_SLICES: Final = 3
"""Least number of slices on which the callosum must be found; their spread is the uncertainty."""

NOT_TAKEN: Final = frozenset({"pv_area_mm2"})
"""Measures that need a probability map, which a shifted outline does not have."""

_MIDDLE_MM: Final = 30.0
"""Slices are scaled to one brightness by their mean within this distance of the middle."""

_POINTS: Final = 512


@dataclass(frozen=True, eq=False)
class VisitMeasures:
    """The measures of one visit.

    Attributes:
        values: Each measure on each slice, NaN where it could not be taken, shape (slices,).
        profiles_mm: Thickness at 100 places on each slice, or NaN, shape (slices, 100).
        picture: The middle slice.
        outline_mm: The outline on it, shape (N, 2).
    """

    values: Mapping[str, Array]
    profiles_mm: Array
    picture: SliceImage
    outline_mm: Array


@dataclass(frozen=True, eq=False)
class CommonMeasures:
    """The measures of all visits.

    Attributes:
        visits: The visits in their order.
        confidence: Confidence in the callosum on the mean of their middle slices, 0 to 1.
        mean_outline_mm: Outline of that callosum, shape (N, 2).
    """

    visits: tuple[VisitMeasures, ...]
    confidence: float
    mean_outline_mm: Array


def measure_visits(slices: Sequence[Sequence[SliceImage]], segmenter: Segmenter) -> CommonMeasures:
    """Find the callosum once, on the mean of all visits, and measure it on each.

    Args:
        slices: The common slices of each visit, the same number for all.
        segmenter: Opened model.

    Raises:
        InputError: The callosum is not found with confidence on enough slices
            (`no_common_callosum`).
    """
    sharp = [[_evened(one) for one in of_visit] for of_visit in slices]
    means = [_mean(planes) for planes in zip(*sharp, strict=True)]
    shown = [replace(one, pixels=mean) for one, mean in zip(slices[0], means, strict=True)]
    found = find_callosa_on(means, shown, segmenter)
    sure = [one if one is not None and one.quality.confidence >= SURE else None for one in found]
    middle = sure[MIDDLE]
    if middle is None or sum(one is not None for one in sure) < FEWEST_SLICES:
        raise InputError(
            "visits: no callosum is found with confidence on the mean of their slices; look at "
            "the pictures of the visits",
            "no_common_callosum",
        )
    alike = _of_one_sharpness(sharp, sure)
    of_slices = [
        None if one is None else _moved(one, [planes[index] for planes in alike])
        for index, one in enumerate(sure)
    ]
    outlines_mm = of_slices[MIDDLE]
    assert outlines_mm is not None
    visits = tuple(
        _of_visit(number, sure, of_slices, slices[number][MIDDLE]) for number in range(len(slices))
    )
    return CommonMeasures(visits, middle.quality.confidence, outlines_mm.mean(axis=0))


def _evened(slice_image: SliceImage) -> Pixels:
    """A slice brought to the common sharpness and scaled to a mean of 1 around its middle."""
    pixels = at_common_resolution(slice_image)
    height, width = pixels.shape
    rows, columns = (round(_MIDDLE_MM / step) for step in slice_image.spacing_mm)
    middle = pixels[
        height // 2 - rows : height // 2 + rows, width // 2 - columns : width // 2 + columns
    ]
    return np.asarray(pixels / max(float(middle.mean()), 1e-6), dtype=np.float32)


def _mean(pixels: Sequence[Pixels]) -> Pixels:
    return np.asarray(np.stack(pixels).mean(axis=0), dtype=np.float32)


def _of_one_sharpness(
    pixels: Sequence[Sequence[Pixels]], callosa: Sequence[Callosum | None]
) -> list[list[Pixels]]:
    """The slices of all visits as blurred as those of the least sharp visit.

    The size of the voxels limits the sharpness; motion and resampling on the scanner lower it
    further, which the edges of the callosum show.

    Args:
        pixels: Slices of each visit.
        callosa: Callosum on the mean of each slice.
    """
    known = [(index, one) for index, one in enumerate(callosa) if one is not None]
    blurs = [_edges(one, [planes[index] for planes in pixels])[1].blur_mm2 for index, one in known]
    blur_mm2 = np.mean(blurs, axis=0)
    spacing_mm = known[0][1].slice_image.spacing_mm[0]
    sigmas = np.sqrt(2 * (blur_mm2.max() - blur_mm2)) / spacing_mm
    return [
        [np.asarray(gaussian_filter(one, sigma), dtype=np.float32) for one in planes]
        for planes, sigma in zip(pixels, sigmas, strict=True)
    ]


def _edges(callosum: Callosum, pixels: Sequence[Pixels]) -> tuple[Array, EdgeMotion]:
    outline_mm = even_outline(callosum.contour_mm, count=_POINTS)
    return outline_mm, edge_motion(outline_mm, pixels, callosum.slice_image)


def _moved(callosum: Callosum, pixels: Sequence[Pixels]) -> Array:
    """The outline of a mean slice, shifted to the edge of each visit, shape (visits, N, 2)."""
    outline_mm, found = _edges(callosum, pixels)
    return np.asarray(outline_mm + found.shifts_mm[..., None] * outward_normals(outline_mm))


def _of_visit(
    number: int,
    callosa: Sequence[Callosum | None],
    outlines_mm: Sequence[Array | None],
    picture: SliceImage,
) -> VisitMeasures:
    measured = [
        None if callosum is None or outlines is None else _measured(callosum, outlines[number])
        for callosum, outlines in zip(callosa, outlines_mm, strict=True)
    ]
    names = dict.fromkeys(name for one in measured if one is not None for name in one.values)
    values = {
        name: np.array([_number(None if one is None else one.values[name]) for one in measured])
        for name in names
        if name not in NOT_TAKEN
    }
    profiles = [None if one is None else one.thickness_profile_mm for one in measured]
    places = next((len(one) for one in profiles if one is not None), 0)
    middle = outlines_mm[MIDDLE]
    assert middle is not None
    return VisitMeasures(
        values,
        np.array([[np.nan] * places if one is None else one for one in profiles]),
        picture,
        middle[number],
    )


def _measured(callosum: Callosum, outline_mm: Array) -> Morphometry | None:
    """Measures of an outline; parts that are missing on the mean are missing on every visit."""
    try:
        box = RotatedBox.around(outline_mm)
        line = find_reference_line(LineKind.SUBCALLOSAL, outline_mm, box)
        found = measure(outline_mm, callosum.component, callosum.slice_image, box, line)
    except GeometryError:
        return None
    return without_parts(found, find_finding(callosum.measure()).missing)


def _number(value: float | None) -> float:
    return np.nan if value is None else value
