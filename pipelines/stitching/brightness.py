"""Brightness of two stations made alike in their overlap.

Each receiver coil sees its own end dimmer, and each station has its own gain. On the overlap both
show the same tissue, so the ratio of their local means is the ratio of gains and biases alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.pipelines.stitching.resampling import linear_weights

_BLOCK_MM = 4.0
_SMOOTH_MM = 12.0
_DARK_SHARE = 0.08
_AIR_SHARE = 0.05
_MOST_NOISE = 0.15
_PRIOR = 0.02
_LARGEST_LOG = 2.0
_LEVELS = 256

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BrightnessRatio:
    """Logarithm of upper over lower brightness in an overlap.

    Attributes:
        overall: One number for the whole overlap.
        blocks: Smooth field on blocks, (slices, rows, columns) of blocks.
        block: Voxels of a block along slices, rows and columns.
        fall: Half of what the field loses from the upper border of the overlap to the lower one:
            how far each coil's brightness falls across it, if both dim alike toward their ends.
    """

    overall: float
    blocks: Array
    block: tuple[int, int, int]
    fall: float = 0.0

    def of_slice(self, index: int, shape: tuple[int, int]) -> Image:
        """The field on one slice of the overlap, shape (rows, columns)."""
        plane = self.blocks[min(index // self.block[0], len(self.blocks) - 1)]
        readers = [
            linear_weights((np.arange(n) - (size - 1) / 2) / size, plane.shape[axis])
            for axis, (n, size) in enumerate(zip(shape, self.block[1:], strict=True))
        ]
        # Places before the middle of the first block read it, not what lies beyond.
        field: Image = np.asarray((readers[1] @ (readers[0] @ plane.astype(np.float32)).T).T)
        return field


def brightness_ratio(
    upper: Image, lower: Image, both: Mask, spacing_mm: tuple[float, float, float]
) -> BrightnessRatio:
    """Compare two stations on their overlap.

    Args:
        upper: Intensities of the upper station on the overlap.
        lower: Those of the lower one.
        both: Where both reach.
        spacing_mm: Size of the voxels.
    """
    rows, columns = (max(1, round(_BLOCK_MM / step)) for step in spacing_mm[1:])
    block = (1, rows, columns)
    counts = _block_sums(both.astype(np.float32), block)
    means = [_signal_of_blocks(image, both, counts, block) for image in (upper, lower)]
    tissue = np.logical_and.reduce([one > _DARK_SHARE * _bright(one, counts) for one in means])
    share = np.where(tissue, counts, 0) / (rows * columns)
    sums = [one * share for one in means]
    totals = [float(one.sum()) for one in sums]
    if min(totals) <= 0:
        return BrightnessRatio(0.0, np.zeros_like(sums[0]), block)
    sizes = np.array([spacing_mm[0], rows * spacing_mm[1], columns * spacing_mm[2]])
    overall = float(np.log(totals[0] / totals[1]))
    log_ratio = _plane_fit(sums, share, overall)
    rest = [sums[0], sums[1] * np.exp(log_ratio)]
    sigma = _SMOOTH_MM / sizes
    # Far from tissue the smooth rest fades away.
    prior = _PRIOR * totals[0] / max(float(share.sum()), 1e-6)
    above, below = (ndimage.gaussian_filter(one, sigma, mode="constant") + prior for one in rest)
    field = np.clip(log_ratio + np.log(above / below), -_LARGEST_LOG, _LARGEST_LOG)
    fall = float(
        np.clip(log_ratio[:, 0].mean() - log_ratio[:, -1].mean(), -_LARGEST_LOG, _LARGEST_LOG) / 2
    )
    return BrightnessRatio(overall, field, block, fall)


def _plane_fit(sums: list[Array], share: Array, overall: float) -> Array:
    """A field that is linear along rows and columns, fitted where there is tissue."""
    usable = share > 0.5
    if usable.sum() < 20:
        return np.full(share.shape, overall)
    values = np.log(sums[0][usable] / sums[1][usable])
    axes = [np.linspace(-1, 1, n) for n in share.shape]
    grid = np.stack(np.broadcast_arrays(
        1.0, axes[1][:, None], axes[2], axes[1][:, None] ** 2, axes[1][:, None] * axes[2],
    ), axis=-1)  # fmt: skip
    terms = np.broadcast_to(grid, (*share.shape, grid.shape[-1]))
    design, weight = terms[usable], np.ones(len(values))
    for _ in range(3):
        root = np.sqrt(weight)[:, None]
        found = np.linalg.lstsq(design * root, values * root[:, 0], rcond=None)[0]
        rest = np.abs(values - design @ found)
        # Blocks that disagree show other tissue in the two: they count less.
        weight = 1 / (1 + (rest / max(1.5 * float(np.median(rest)), 1e-3)) ** 2)
    return np.asarray(terms @ found)


def without_field(upper: Image, lower: Image, ratio: BrightnessRatio, depth: Image) -> None:
    """Take what is left of the ratio out of both stations, in place.

    At the upper border of the overlap the upper station stays as it is, at the lower border the
    lower one; between them each takes its share, so that neither shows a step.

    Where both coils dim toward their ends, the shares alone leave a valley with a sharp bottom:
    at the borders the brightness would fall twice as fast as each coil does. Half of its depth is
    made up for, so that the fall of the upper coil turns into the rise of the lower one evenly
    over the whole overlap.

    Args:
        upper: Upper station on the overlap.
        lower: Lower one, already as bright overall.
        ratio: What `brightness_ratio` found.
        depth: Share of the way through the overlap, of its shape.
    """
    for index in range(len(upper)):
        field = ratio.of_slice(index, (upper.shape[1], upper.shape[2]))
        field -= np.float32(ratio.overall)
        lift = ratio.fall * depth[index] * (1 - depth[index])
        upper[index] *= np.exp(lift - depth[index] * field)
        lower[index] *= np.exp(lift + (1 - depth[index]) * field)


def matched_to_histogram(values: Image, of: Image, wanted: Image) -> Image:
    """Intensities with their gray levels changed so that two histograms agree.

    Args:
        values: Intensities of a station.
        of: Those of it that lie in the overlap, (N,).
        wanted: Those of the other station there.
    """
    shares = np.linspace(0, 1, _LEVELS)
    levels, targets = (np.quantile(sample, shares) for sample in (of, wanted))
    growing = np.r_[True, np.diff(levels) > 0]
    levels, targets = levels[growing], targets[growing]
    # Brighter voxels than any of the overlap follow the line from 0 through the brightest.
    peak = max(float(values.max()), float(levels[-1])) + 1
    levels = np.r_[levels, peak]
    targets = np.r_[targets, targets[-1] * peak / max(float(levels[-2]), 1e-6)]
    matched: Image = np.interp(values, levels, targets).astype(np.float32)
    matched[values == 0] = 0
    return matched


def _signal_of_blocks(
    image: Image, both: Mask, counts: Array, block: tuple[int, int, int]
) -> Array:
    """Mean of each block without what noise adds to it, 0 where there is nothing else.

    Noise lifts dark places, and it lifts them more where a coil is dim. The darkest blocks are
    taken for air. Magnitudes of signal and noise add in squares (Gudbjartsson and Patz 1995).
    """
    means = _block_sums(np.where(both, image, 0), block) / np.maximum(counts, 1)
    filled = means[counts > 0]
    if not filled.size:
        return means
    noise = min(float(np.quantile(filled, _AIR_SHARE)), _MOST_NOISE * _bright(means, counts))
    return np.asarray(np.sqrt(np.maximum(means**2 - noise**2, 0)))


def _bright(means: Array, counts: Array) -> float:
    """Level of bright tissue."""
    filled = means[counts > 0]
    return float(np.quantile(filled, 0.98)) if filled.size else 0.0


def _block_sums(image: Image, block: tuple[int, int, int]) -> Array:
    rows, columns = (np.arange(0, image.shape[axis], block[axis]) for axis in (1, 2))
    summed = np.add.reduceat(np.add.reduceat(image, rows, axis=1), columns, axis=2)
    return summed.astype(np.float64)
