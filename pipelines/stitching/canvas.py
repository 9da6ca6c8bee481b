"""The joined volume as it grows from the head down."""

import math
from dataclasses import dataclass

import numpy as np
from highdicom import Volume, VolumeGeometry
from numpy.typing import NDArray

from callosal.pipelines.stitching.brightness import (
    brightness_ratio,
    matched_to_histogram,
    without_field,
)
from callosal.pipelines.stitching.common_grid import part_of_grid, window_of
from callosal.pipelines.stitching.resampling import depth_in_rows, resampled
from callosal.pipelines.stitching.seam import lower_shares, seam_rows, smooth_share
from callosal.pipelines.stitching.settings import Blending, Matching, StitchSettings

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Meeting:
    """How a station met the one above it.

    Attributes:
        gain_log: Logarithm of the brightness of the upper station over that of the lower one;
            None where it was not matched.
        seam_lps_mm: Points of the seam, (slices, columns, 3); None where it was blended over the
            whole overlap, or where there is none.
    """

    gain_log: float | None
    seam_lps_mm: Array | None


@dataclass(eq=False)
class Canvas:
    """The joined volume, as bright as the first station laid on it.

    Attributes:
        grid: Its voxels.
        image: Intensities, 0 where nothing lies yet.
        covered: Where something lies.
        gain_log: Logarithm of the factor of the station laid last.
    """

    grid: VolumeGeometry
    image: Image
    covered: Mask
    gain_log: float = 0.0

    @classmethod
    def blank(cls, grid: VolumeGeometry) -> "Canvas":
        """A canvas with nothing on it."""
        shape = grid.spatial_shape
        return cls(grid, np.zeros(shape, np.float32), np.zeros(shape, bool))

    def lay(self, station: Volume, above: Volume | None, settings: StitchSettings) -> Meeting:
        """Lay a station below what is there.

        Args:
            station: Where it lies in the result.
            above: The station laid before.
            settings: How the two are matched and blended.
        """
        start, stop = window_of(self.grid, station)
        window = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        image, covered = self.image[window], self.covered[window]
        values, reaches = resampled(station, part_of_grid(self.grid, start, stop))
        values *= np.float32(math.exp(self.gain_log))
        rows = np.flatnonzero((covered & reaches).any(axis=(0, 2)))
        meeting = Meeting(None, None)
        first, last = (0, 0) if not rows.size else (int(rows[0]), int(rows[-1]) + 1)
        if above is not None and rows.size:
            inner = (slice(None), slice(first, last))
            both = covered[inner] & reaches[inner]
            part = part_of_grid(
                self.grid, (start[0], start[1] + first, start[2]),
                (stop[0], start[1] + last, stop[2]),
            )  # fmt: skip
            depth = _depth(station, above, part)
            gain_log, values = self._match(image, values, inner, both, depth, settings)
            seam = _blend(image[inner], values[inner], both, reaches[inner], depth, part, settings)
            meeting = Meeting(gain_log, seam)
        for outside in (slice(0, first), slice(last, None)):
            fresh = reaches[:, outside] & ~covered[:, outside]
            np.copyto(image[:, outside], values[:, outside], where=fresh)
        covered |= reaches
        return meeting

    def _match(
        self,
        image: Image,
        values: Image,
        inner: tuple[slice, slice],
        both: Mask,
        depth: Image,
        settings: StitchSettings,
    ) -> tuple[float | None, Image]:
        """Make a station as bright as the canvas, and both alike in their overlap."""
        if settings.matching is Matching.NONE:
            return None, values
        if settings.matching is Matching.HISTOGRAM:
            return None, matched_to_histogram(values, values[inner][both], image[inner][both])
        sizes = self.grid.spacing
        ratio = brightness_ratio(image[inner], values[inner], both, (sizes[0], sizes[1], sizes[2]))
        values *= np.float32(math.exp(ratio.overall))
        self.gain_log += ratio.overall
        without_field(image[inner], values[inner], ratio, depth)
        return ratio.overall, values


def _depth(station: Volume, above: Volume, part: VolumeGeometry) -> Image:
    """Share of the way through the overlap, 0 at its upper border and 1 at its lower one."""
    below_top = np.maximum(depth_in_rows(station, part)[0], 0)
    above_bottom = np.maximum(depth_in_rows(above, part)[1], 0)
    depth: Image = below_top / np.maximum(below_top + above_bottom, 1e-6)
    return np.broadcast_to(depth, part.spatial_shape)


def _blend(
    upper: Image,
    lower: Image,
    both: Mask,
    lower_reaches: Mask,
    depth: Image,
    part: VolumeGeometry,
    settings: StitchSettings,
) -> Array | None:
    """Blend the overlap into the upper station's voxels; returns the seam."""
    sizes = (part.spacing[0], part.spacing[1], part.spacing[2])
    rows = None
    if settings.blending is Blending.SEAM:
        rows = seam_rows(upper, lower, both, depth, sizes)
        half_width = settings.feather_mm / 2 / sizes[1]
        shares = lower_shares(rows, upper.shape[1], half_width)
        # A blend wider than the overlap would end in a step at its borders.
        shares *= smooth_share(depth * 10)
        shares += (1 - shares) * smooth_share(depth * 10 - 9)
    else:
        shares = smooth_share(depth)
    shares = np.where(both, shares, lower_reaches)
    upper += shares * (lower - upper)
    if rows is None:
        return None
    slices, columns = np.meshgrid(*(np.arange(n) for n in rows.shape), indexing="ij")
    points = np.stack([slices, rows, columns], axis=-1).astype(float)
    return np.asarray(part.map_indices_to_reference(points.reshape(-1, 3))).reshape(points.shape)
