"""Outlines whose pixels are covered as much as a coarse map says.

A pixel of an anti-aliased mask holds the share of its area that is inside, a mean; a level set
takes it for a sample at its middle. Where the border bends within a pixel, at the tips of the
callosum on a grid of 1 mm or more, the level set then lies off by a tenth of a pixel. Here the
map is changed at the border until the outline of the changed map covers the pixels of the given
one: the correction by residuals of van Cittert (1931), with the coverage as the forward model.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.pipelines.geometry.polygon import areas_and_lengths
from callosal.pipelines.outline.level_set import refined, trace
from callosal.pipelines.outline.smooth import smooth_contour_mm

_ROUNDS: Final = 4  # two are enough for the pose, widths on a grid of 1.5 mm gain by two more
_LEAST_POINTS: Final = 16
_SOFT: Final = 0.04  # mean residual at the border; coverage has 0.01, blurred by 0.6 pixels 0.08
_WIDEST: Final = 0.8  # border in pixels: coverage 0.64 to 0.70, a network's map 0.97 to 1.6
_LINES: Final = 64  # through each pixel


def coverage_matched(values: Array, steps: NDArray[np.intp], level: float) -> Array:
    """A map whose level set covers the pixels as the given values say.

    Args:
        values: Shares of pixels inside, 0 to 1, not all of them 0 or 1; outer rows and columns
            below the level; shape (H, W).
        steps: Points for each pixel along rows and columns when the level set is traced.
        level: Value along the outline.

    Returns:
        Map of the same shape, changed in the pixels about the border; as it was where it is softer
        than coverage, as the probabilities of a network are that are spread over some pixels.
    """
    if border_width(values, level) > _WIDEST:
        return values
    matched = values
    for _ in range(_ROUNDS):
        loops = [_smoothed(loop / steps) for loop in trace(refined(matched, steps), level)]
        if not loops:  # a pixel at the very level is lost between the finer points
            return values
        covered = coverage(loops, values.shape)
        # What is faint elsewhere must not grow to objects of its own.
        at_border = ndimage.maximum_filter(covered, 3) > ndimage.minimum_filter(covered, 3)
        missing = np.where(at_border, values - covered, 0.0)
        # A map that is cut at the edge of the image has hard borders beside its soft ones.
        is_coverage = at_border.any() and np.abs(missing[at_border]).mean() <= _SOFT
        matched = matched + missing
        # Of a speck of a pixel or two the correction can leave nothing.
        if not is_coverage or (matched < level).all():
            return values
    return matched


def border_width(values: Array, level: float) -> float:
    """Width of the border in pixels: the sum of 4 v (1 - v) over the length of the outlines.

    A straight edge covers pixels from none to all evenly across one pixel, which makes 2 / 3
    where it runs along them; a map that was blurred, or that tells how sure a network is, has a
    wider border.

    Args:
        values: Map, 0 to 1, outer rows and columns below the level, shape (H, W).
        level: Value along the outlines.

    >>> ramp = np.tile([0.0, 0.25, 0.75, 1.0, 1.0, 0.75, 0.25, 0.0], (50, 1))
    >>> 1.3 < border_width(np.pad(ramp, 1), 0.5) < 1.6
    True
    """
    loops = trace(values, level)
    length = areas_and_lengths(loops)[1].sum() if loops else 0.0
    return float((4 * values * (1 - values)).sum() / max(length, 1e-9))


def _smoothed(loop: Array) -> Array:
    """The curve through a loop, in pixels here; a speck of a few points stays as it is."""
    return smooth_contour_mm(loop) if len(loop) >= _LEAST_POINTS else loop


def coverage(loops: list[Array], shape: tuple[int, int]) -> Array:
    """Share of each pixel that lies inside loops.

    Along rows of pixels it is exact, across them the mean over 64 lines: each crossing of a
    loop and a line adds or takes all that lies beyond it, as rasterisers of fonts do.

    Args:
        loops: Closed polygons in (row, column) within the grid, shape (N, 2) each; outer borders
            run one way round, those of holes the other.
        shape: Rows and columns of the grid.

    Returns:
        Shares, 0 to 1.

    >>> square = np.array([(0.5, 0.5), (0.5, 2.0), (2.5, 2.0), (2.5, 0.5)])
    >>> coverage([square], (4, 4)).tolist()[1]
    [0.0, 1.0, 0.5, 0.0]
    """
    lines, columns, signs = (
        np.concatenate(parts) for parts in zip(*map(_crossings, loops), strict=True)
    )
    begun = np.zeros((shape[0], shape[1] + 1))
    rows, pixels = lines // _LINES, np.floor(columns).astype(int)
    beyond = pixels + 1 - columns
    np.add.at(begun, (rows, pixels), signs * beyond)
    np.add.at(begun, (rows, pixels + 1), signs * (1 - beyond))
    inside = begun.cumsum(axis=1)[:, :-1] / _LINES
    return np.abs(inside)


def _crossings(loop: Array) -> tuple[NDArray[np.intp], Array, Array]:
    """Where a loop meets the lines: number of the line, column from the grid's edge, direction."""
    # Edges of pixels at whole numbers, and lines at whole numbers too.
    rows, columns = (loop[:, 0] + 0.5) * _LINES - 0.5, loop[:, 1] + 0.5
    next_rows, next_columns = np.roll(rows, -1), np.roll(columns, -1)
    first = np.ceil(np.minimum(rows, next_rows)).astype(int)
    count = np.ceil(np.maximum(rows, next_rows)).astype(int) - first
    edge = np.repeat(np.arange(len(loop)), count)
    line = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    along = (line - rows[edge]) / (next_rows - rows)[edge]
    column = columns[edge] + along * (next_columns - columns)[edge]
    return line, column, np.sign(next_rows - rows)[edge]
