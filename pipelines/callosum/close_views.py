"""A second look at a slice: the network on views of 160 mm around what it found on the whole.

The networks learn on crops of that size. On a whole slice bright fat of face and neck is part of
the foreground by which the picture is normalised, and each picture is seen in one pose alone. The
mean of its map and those of two turned views differs less from the reference on the validation
sites than its map alone: docs/reference/robustness.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.export.runtime import MIN_SIDE, Segmenter
from callosal.models.arrays import Array

SIDE_MM: Final = 160.0
ANGLES_DEG: Final = (-15.0, 15.0)
_REACH: Final = np.cos(np.deg2rad(max(ANGLES_DEG))) + np.sin(np.deg2rad(max(ANGLES_DEG)))
"""By this a square that lies in all views is smaller than they, and one that holds them larger."""

Picture = NDArray[np.float32]
Pixel = tuple[int, int]


@dataclass(frozen=True, eq=False)
class CloseView:
    """A turned square of a slice.

    Attributes:
        pixels: Intensities, zero outside of the slice, shape (S, S).
        turn: Matrix from pixels of the view to pixels of the slice, both from their centres,
            shape (2, 2).
        center: Pixel (row, column) of the slice under the view's centre.
    """

    pixels: Picture
    turn: Array
    center: Pixel


def look_closely(
    pixels: Sequence[Picture],
    maps: Sequence[Picture],
    centers: Sequence[Pixel | None],
    segmenter: Segmenter,
) -> list[Picture]:
    """Maps of slices that were looked at again where a callosum may be.

    Args:
        pixels: Raw intensities of slices at the model's pixel size, each of shape (H, W).
        maps: The network's probability on each whole slice, of the same shape.
        centers: Pixel (row, column) in the middle of what was found on each; None where there is
            nothing to look at.
        segmenter: Opened model.

    Returns:
        One map a slice: the mean of the given map and of those of the views in a square of 130 mm
        that all of them cover, the given map outside of it. The given map alone where there is no
        centre, or where the slice is no larger than a view: it has been seen closely then.
    """
    side = max(round(SIDE_MM / segmenter.contract.spacing_mm), MIN_SIDE)
    taken = [
        [] if center is None or max(image.shape) <= side else views(image, center, side)
        for image, center in zip(pixels, centers, strict=True)
    ]
    stacked = [view.pixels for of_slice in taken for view in of_slice]
    if not stacked:
        return list(maps)
    answers = iter(segmenter.probability(np.stack(stacked)[:, None])[:, 0])
    return [
        _refined(given, of_slice, [next(answers) for _ in of_slice])
        for given, of_slice in zip(maps, taken, strict=True)
    ]


def views(pixels: Picture, center: Pixel, side: int) -> list[CloseView]:
    """The turned squares of a slice around a pixel, one for each of `ANGLES_DEG`.

    Args:
        pixels: Intensities, shape (H, W).
        center: Pixel (row, column) of their middle, within the slice.
        side: Pixels S of their sides.
    """
    # Splines are fitted where views lie, not to the whole slice; their ends reach few pixels in.
    reach = round(side / 2 * _REACH) + 8
    corner = tuple(max(0, at - reach) for at in center)
    window = pixels[corner[0] : center[0] + reach, corner[1] : center[1] + reach]
    spline = ndimage.spline_filter(window, output=np.float32)
    middle = np.subtract(center, corner)
    return [
        CloseView(_turned(spline, turn, middle, side), turn, center)
        for turn in map(_turn, ANGLES_DEG)
    ]


def _turn(angle_deg: float) -> Array:
    cos, sin = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    return np.array([[cos, -sin], [sin, cos]])


def _turned(spline: Picture, turn: Array, middle: NDArray[np.int_], side: int) -> Picture:
    offset = middle - turn @ _middle(side)
    turned: Picture = ndimage.affine_transform(
        spline, turn, offset, (side, side), order=3, prefilter=False
    )
    return turned


def _middle(side: int) -> Array:
    """Pixel of a view that lies on the pixel it was centred on."""
    return np.full(2, side // 2, dtype=float)


def _refined(given: Picture, of_slice: list[CloseView], answers: list[Picture]) -> Picture:
    """A map, with its mean with the views' answers where all views see."""
    if not of_slice:
        return given
    side, center = len(answers[0]), of_slice[0].center
    # One pixel less, so that linear interpolation never reads beyond a view.
    half = int(side / 2 / _REACH) - 1
    rows, columns = (
        slice(max(0, at - half), min(size, at + half + 1))
        for at, size in zip(center, given.shape, strict=True)
    )
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    first = np.array([rows.start, columns.start]) - np.array(center)
    seen = [
        ndimage.affine_transform(
            answer, view.turn.T, _middle(side) + view.turn.T @ first, shape, order=1
        )
        for view, answer in zip(of_slice, answers, strict=True)
    ]
    refined = given.copy()
    refined[rows, columns] = np.mean([given[rows, columns], *seen], axis=0)
    return refined
