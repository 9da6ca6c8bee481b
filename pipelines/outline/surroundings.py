"""What lies around an outline: the edge of the scan, and how bright it is inside and out.

A network that was trained to be blind to contrast also takes a dark lateral ventricle beside
the midline for a callosum; the picture itself tells them apart.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.pipelines.geometry.slice_image import SliceImage

RING_MM = 2.5
"""Distance of the ring outside the outline: beyond the partial volume of the border."""

MARGIN_MM = 8.0
"""Margin of the window about the outline whose intensities the contrast is measured against."""

_STEP = 4  # of the pixels that a gain is fitted to
_TISSUE = 0.2  # of the intensity inside, below which a pixel is air or bone
_LEAST_TISSUE = 200
_BODY = 0.1  # of the range of intensities above air, from which a pixel is of the body
_AIRY = 0.25
"""Of the median of the body. Callosa of T2, FLAIR, proton density and infants lie at 0.45 and more,
those of inverted contrast at 0.08 in the median (validation slices and heads)."""


@dataclass(frozen=True)
class Brightness:
    """Intensities above air inside an outline, on a ring around it and in a window about it.

    Attributes:
        inside: Median inside.
        ring: Median on the ring.
        ring_spread: From the 10th to the 90th percentile on the ring.
        window_spread: From the 5th to the 95th percentile in the window.
        distinct: Share of the ring that lies more than twice the spread of the inside (its
            standard deviation, by the middle half) from the median inside, darker or brighter.
    """

    inside: float
    ring: float
    ring_spread: float
    window_spread: float
    distinct: float

    @property
    def contrast(self) -> float:
        """Step from the ring to the inside over the spread in the window; 0 if all is flat.

        >>> Brightness(30.0, 60.0, ring_spread=10.0, window_spread=50.0, distinct=1.0).contrast
        0.6
        """
        return abs(self.inside - self.ring) / self.window_spread if self.window_spread else 0.0


def brightness(contour_mm: Array, inside: NDArray[np.bool_], slice_image: SliceImage) -> Brightness:
    """Measure the intensities inside and around an outline.

    Args:
        contour_mm: Counter-clockwise outline, even steps, shape (N, 2).
        inside: The pixels inside, at least one, shape (H, W).
        slice_image: The picture.
    """
    ring = slice_image.mm_to_pixels(_outward_mm(contour_mm, RING_MM))
    margin = np.ceil(MARGIN_MM / np.array(slice_image.spacing_mm)).astype(int)
    first = np.maximum(np.floor(ring.min(axis=0)).astype(int) - margin, 0)
    last = np.ceil(ring.max(axis=0)).astype(int) + margin + 1
    window = (slice(first[0], last[0]), slice(first[1], last[1]))
    # Half a millimetre of blur takes noise out of the spread.
    pixels = ndimage.gaussian_filter(
        slice_image.pixels[window].astype(np.float64), 0.5 / np.array(slice_image.spacing_mm)
    )
    air = float(np.percentile(slice_image.pixels[::4, ::4], 1))
    pixels = (pixels - air) / _gain(slice_image, air, inside, window)
    around = ndimage.map_coordinates(pixels, (ring - first).T, order=1, mode="nearest")
    low, middle, high = np.percentile(around, [10, 50, 90])
    first_quarter, center, third_quarter = np.percentile(pixels[inside[window]], [25, 50, 75])
    spread = max(float(third_quarter - first_quarter) / 1.35, 1e-9)
    darkest, brightest = np.percentile(pixels, [5, 95])
    return Brightness(
        inside=max(float(center), 0.0),
        ring=max(float(middle), 0.0),
        ring_spread=float(high - low),
        window_spread=float(brightest - darkest),
        distinct=float((np.abs(around - center) > 2 * spread).mean()),
    )


def _gain(
    slice_image: SliceImage, air: float, inside: NDArray[np.bool_], window: tuple[slice, slice]
) -> Array:
    """A coil's gain that grows evenly across the head, 1 in the middle of the outline.

    Without it the near end of a callosum by a surface coil is as bright as the tissue around the
    far end. Fitted to the logarithms of all tissue: those of the callosum alone also fall where a
    thick slice leaves the midline.

    Args:
        slice_image: The picture, shape (H, W).
        air: Its darkest intensity.
        inside: The pixels inside the outline, at least one, shape (H, W).
        window: Rows and columns that it is wanted for.

    Returns:
        The gain of each pixel of the window; 1 everywhere where none can be fitted.
    """
    values = slice_image.pixels[::_STEP, ::_STEP].astype(np.float64) - air
    least = _TISSUE * float(np.median(slice_image.pixels[inside] - air))
    tissue = values > max(least, 0.0)
    shape = slice_image.pixels.shape
    if least <= 0 or tissue.sum() < _LEAST_TISSUE:  # air inside, or too little to fit to
        return np.ones(slice_image.pixels[window].shape)
    middle = np.argwhere(inside).mean(axis=0)
    rows, columns = (np.arange(count) - at for count, at in zip(shape, middle, strict=True))
    logs = np.log(values[tissue])
    logs = logs.clip(np.median(logs) - 1, np.median(logs) + 1)
    places = np.argwhere(tissue) * _STEP - middle
    terms = np.column_stack([np.ones(len(places)), places])
    slope = np.linalg.lstsq(terms, logs, rcond=None)[0][1:]
    return np.asarray(np.exp(slope[0] * rows[window[0], None] + slope[1] * columns[window[1]]))


def is_brighter(inside: NDArray[np.bool_], slice_image: SliceImage) -> bool:
    """Whether a mask is brighter than a ring 2 to 3 mm around it, by the medians.

    Args:
        inside: The pixels inside, at least one, shape (H, W).
        slice_image: The picture, shape (H, W).

    Returns:
        False as well where the mask leaves no room for a ring.
    """
    spacing_mm = np.array(slice_image.spacing_mm)
    margin = np.ceil((RING_MM + 1) / spacing_mm).astype(int)
    rows, columns = np.nonzero(inside)
    window = (
        slice(max(rows.min() - margin[0], 0), rows.max() + margin[0] + 1),
        slice(max(columns.min() - margin[1], 0), columns.max() + margin[1] + 1),
    )
    distance_mm = ndimage.distance_transform_edt(~inside[window], sampling=spacing_mm)
    ring = (distance_mm > RING_MM - 0.5) & (distance_mm < RING_MM + 0.5)
    if not ring.any():
        return False
    pixels = slice_image.pixels[window]
    return bool(np.median(pixels[inside[window]]) > np.median(pixels[ring]))


def is_dark_as_air(inside: NDArray[np.bool_], slice_image: SliceImage) -> bool:
    """Whether a mask is so dark that it cannot be told from air by its intensities.

    Args:
        inside: The pixels inside, at least one, shape (H, W).
        slice_image: The picture, shape (H, W).
    """
    sparse = slice_image.pixels[::_STEP, ::_STEP]
    air, brightest = np.percentile(sparse, [1, 99])
    body = sparse[sparse > air + _BODY * (brightest - air)]
    if not body.size:
        return True
    return bool(np.median(slice_image.pixels[inside]) - air < _AIRY * (np.median(body) - air))


def share_at_edge(contour_mm: Array, slice_image: SliceImage, reach_mm: float = 2.0) -> float:
    """Share of the outline's points within reach of what was not scanned.

    Not scanned is what lies beyond the image, and zeros that hang together with its border
    (a reformat is 0 outside the volume); dark ventricles do not count.
    """
    labels, _ = ndimage.label(np.pad(slice_image.pixels == 0, 1, constant_values=True))
    outside = labels == labels[0, 0]
    reach = np.maximum(np.rint(reach_mm / np.array(slice_image.spacing_mm)), 1).astype(int)
    row_col = np.rint(slice_image.mm_to_pixels(contour_mm)).astype(int) + 1
    near = np.zeros(len(contour_mm), dtype=bool)
    for step in ((reach[0], 0), (-reach[0], 0), (0, reach[1]), (0, -reach[1])):
        rows, columns = (row_col + step).T
        rows = rows.clip(0, outside.shape[0] - 1)
        columns = columns.clip(0, outside.shape[1] - 1)
        near |= outside[rows, columns]
    return float(near.mean())


def _outward_mm(contour_mm: Array, distance_mm: float) -> Array:
    """Points of a counter-clockwise outline moved along its outer normal."""
    along = np.roll(contour_mm, -3, axis=0) - np.roll(contour_mm, 3, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True).clip(1e-9)
    outward: Array = contour_mm + distance_mm * np.stack([along[:, 1], -along[:, 0]], axis=1)
    return outward
