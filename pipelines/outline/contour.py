"""Sub-pixel outlines of the callosum: the 0.5 level set of a probability map, in mm.

The pose must not jump with the pixel grid, so outlines are taken where the linearly
interpolated map crosses the level (marching squares: Lorensen and Cline 1987, in the plane),
not along pixel corners. A binary mask is a map of zeros and ones and works as well, at the
precision of its grid.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outline.coverage import coverage_matched
from callosal.pipelines.outline.joined import joined
from callosal.pipelines.outline.level_set import refined, trace

Probability = NDArray[np.generic]  # floating, or the 0 and 1 of a mask

LEVEL = 0.5
FINEST_NEEDED_MM = 0.6  # coarser grids are refined by cubic interpolation first


def callosum_component(
    probability: Probability, slice_image: SliceImage, level: float = LEVEL
) -> Array:
    """The map with every component but one erased: the largest that can be a callosum.

    A component can be a callosum when it spans 20 to 140 mm and covers 40 mm2 or more; when
    none does, the largest is taken, and whether it is a callosum is for the caller to judge.
    Pieces of one broken object count as one (`joined`).
    Values under the level stay, for the sub-pixel outline needs them.

    Args:
        probability: Map on the grid of the slice image, values 0 to 1, shape (H, W).
        slice_image: Gives spacing and place.
        level: Probability at the border.

    Returns:
        Map of the same shape with one component at or above the level.

    Raises:
        GeometryError: Nothing reaches the level, or the map is not finite.
    """
    values = _checked(probability, slice_image).copy()
    window = _window(values >= level, level)
    values[window] = joined(values[window], slice_image.spacing_mm, level)
    labels, count = ndimage.label(values[window] >= level, structure=np.ones((3, 3)))
    spacing = np.array(slice_image.spacing_mm)
    areas_mm2 = np.bincount(labels.ravel(), minlength=count + 1)[1:] * spacing.prod()
    spans_mm = np.array(
        [
            np.hypot(*(spacing * [part.stop - part.start for part in box]))
            for box in ndimage.find_objects(labels)
        ]
    )
    plausible = (areas_mm2 >= 40) & (spans_mm >= 20) & (spans_mm <= 140)
    kept = 1 + int(np.argmax(np.where(plausible, areas_mm2, 1e-9 * areas_mm2)))
    values[window][(labels > 0) & (labels != kept)] = 0.0
    return values


def find_contours_mm(
    probability: Probability, slice_image: SliceImage, level: float = LEVEL
) -> list[Array]:
    """All closed outlines of the level set, largest first.

    Args:
        probability: Map on the grid of the slice image, values 0 to 1, shape (H, W).
        slice_image: Gives spacing and place; its frame is the one of the result.
        level: Probability at the border.

    Returns:
        Polygons of shape (N, 2) in mm; outer borders counter-clockwise (positive area), borders
        of holes clockwise. Where the object leaves the image, the outline closes at its edge.

    Maps coarser than 0.6 mm are refined by cubic interpolation first. A map of coverage is changed
    at the border until the outline covers each pixel as much as the map says
    (`coverage_matched`): a straight line between pixels misplaces a smooth border by up to a tenth
    of a pixel.

    Raises:
        GeometryError: Nothing reaches the level, or the map is not finite.
    """
    values = _checked(probability, slice_image)
    window = _window(values >= level, level)
    # Zeros around the window close the outlines of what leaves the image.
    corner = np.array([part.start - 1 for part in window])
    steps = np.ceil(np.array(slice_image.spacing_mm) / FINEST_NEEDED_MM).astype(int)
    part = np.pad(values[window], 1)
    # The border of a binary mask is the staircase of its pixels: there is no coverage to match.
    if not np.isin(part, (0, 1)).all():
        part = coverage_matched(part, steps, level)
    fine = refined(part, steps)
    loops = trace(fine, level)
    if not loops:
        return []
    areas = np.abs(polygon.areas_and_lengths(loops)[0])
    largest_first = [i for i in np.argsort(areas)[::-1] if areas[i] > 0]
    return [slice_image.pixels_to_mm(loops[i] / steps + corner) for i in largest_first]


def callosum_contour_mm(
    probability: Probability, slice_image: SliceImage, level: float = LEVEL
) -> Array:
    """Outer outline of the callosum's component, counter-clockwise, shape (N, 2) in mm.

    Raises:
        GeometryError: Nothing reaches the level, or the map is not finite.
    """
    component = callosum_component(probability, slice_image, level)
    contours = find_contours_mm(component, slice_image, level)
    if not contours:
        raise GeometryError(
            "contour: a single point reaches the level; nothing was segmented", "empty_mask"
        )
    return contours[0]


def _checked(probability: Probability, slice_image: SliceImage) -> Array:
    values = np.asarray(probability, dtype=float)
    if values.shape != slice_image.pixels.shape:
        raise GeometryError(
            f"mask: shape {values.shape} differs from the slice's {slice_image.pixels.shape}; "
            "resample it to the slice first",
            "shape_mismatch",
        )
    if not np.isfinite(values).all():
        raise GeometryError("mask: the probability map holds NaN or infinity", "not_finite")
    return values


def _window(inside: NDArray[np.bool_], level: float) -> tuple[slice, slice]:
    """Rows and columns that hold the object and one pixel around it."""
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    if len(rows) == 0:
        raise GeometryError(
            f"mask: no pixel reaches the level {level:g}; nothing was segmented", "empty_mask"
        )
    return (
        slice(max(int(rows[0]) - 1, 0), int(rows[-1]) + 2),
        slice(max(int(columns[0]) - 1, 0), int(columns[-1]) + 2),
    )
