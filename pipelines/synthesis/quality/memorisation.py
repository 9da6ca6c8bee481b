"""Whether generated samples are copies of training slices.

The yardstick is patients the generator has never seen: they are as near to the training slices
as chance has it. A sample nearer than all but one in a hundred of them counts as a copy.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats
from scipy.spatial.distance import cdist

from callosal.pipelines.synthesis.quality.window import Windows

Space = Literal["pixels", "masks"]
Distances = NDArray[np.float64]

FLAGGED = 0.01
"""Share of held-out patients that the threshold flags."""

PIXEL_MM = 2.0
"""Pixels are compared at this size: finer grain is noise, and noise hides copies."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Nearest training slice of each sample.

    Attributes:
        generated: Distance of each generated sample, shape (N,).
        nearest: Its index among the training slices, shape (N,).
        held_out: Distance of each held-out slice, shape (M,).
        to_held_out: Distance of each generated sample to the nearest held-out slice.
        fair: The same to the nearest of as many training slices, drawn at random.
    """

    generated: Distances
    nearest: NDArray[np.intp]
    held_out: Distances
    to_held_out: Distances
    fair: Distances

    @property
    def threshold(self) -> float:
        """Distance below which one in a hundred held-out slices lies."""
        return float(np.quantile(self.held_out, FLAGGED))

    @property
    def copied(self) -> NDArray[np.bool_]:
        """Which generated samples are nearer than the threshold."""
        return self.generated < self.threshold


def find_neighbours(
    generated: Windows, training: Windows, held_out: Windows, space: Space, seed: int = 0
) -> Neighbours:
    """Nearest training slices of generated and of held-out windows, all in one pose.

    Args:
        generated: Windows of the samples.
        training: Windows of what the generator was trained on.
        held_out: Windows of patients it has not seen.
        space: pixels: root mean square difference of standardised windows at 2 mm; masks: one
            minus Dice.
        seed: Seed of the draw of training slices.
    """
    made, known, unseen = (_vectors(one, space) for one in (generated, training, held_out))
    metric = _pixel_distances if space == "pixels" else _mask_distances
    to_training = metric(made, known)
    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(known), min(len(unseen), len(known)), replace=False)
    return Neighbours(
        to_training.min(axis=1),
        to_training.argmin(axis=1),
        metric(unseen, known).min(axis=1),
        metric(made, unseen).min(axis=1),
        to_training[:, drawn].min(axis=1),
    )


def memorisation_figures(found: Neighbours) -> dict[str, float | int]:
    """Copy rate, ratio of distances, and the test of Meehan et al. 2020 (arXiv 2004.05675).

    Returns:
        `copy_rate` at `threshold`; `distance_ratio`, the median distance of the generated over
        that of the held-out (well below 1: copies; above 1: unlike anything real); `c_t`, the
        z score of the Mann-Whitney test (below -3: nearer to the training slices than unseen
        patients are) without the cells of the paper, and its one-sided `p_copying`;
        `nearer_to_training`, the share of samples nearer to training slices than to as many
        held-out ones (0.5: no memory).
    """
    made, unseen = found.generated, found.held_out
    statistic = stats.mannwhitneyu(made, unseen).statistic
    count, other = len(made), len(unseen)
    spread = np.sqrt(count * other * (count + other + 1) / 12)
    return {
        "copy_rate": float(found.copied.mean()),
        "threshold": found.threshold,
        "held_out": other,
        "distance_ratio": float(np.median(made) / np.median(unseen)),
        "c_t": float((statistic - count * other / 2) / spread),
        "p_copying": float(stats.mannwhitneyu(made, unseen, alternative="less").pvalue),
        "nearer_to_training": float((found.fair < found.to_held_out).mean()),
    }


def _vectors(windows: Windows, space: Space) -> NDArray[np.float64]:
    """Each window as one row, shape (N, pixels)."""
    if space == "masks":
        return windows.masks.reshape(len(windows), -1).astype(float)
    shrink = min(1.0, windows.spacing_mm / PIXEL_MM)
    rows = []
    for image in windows.images:
        smooth = ndimage.gaussian_filter(image.astype(float), 0.5 / shrink)
        small = ndimage.zoom(smooth, shrink, order=1, grid_mode=True, mode="nearest").ravel()
        rows.append((small - small.mean()) / max(small.std(), 1e-6))
    return np.array(rows)


def _pixel_distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> Distances:
    distances: Distances = cdist(first, second) / np.sqrt(first.shape[1])
    return distances


def _mask_distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> Distances:
    shared = first @ second.T
    sizes = first.sum(axis=1)[:, None] + second.sum(axis=1)[None]
    distances: Distances = 1 - 2 * shared / sizes
    return distances
