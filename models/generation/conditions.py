"""Measures of pairs that a generator can be asked for."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import GeometryError
from callosal.models.generation.spec import CONDITION_NAMES, Condition

RING_MM = 4.0
"""Width of the ring about the callosum that its contrast is taken against."""

Pixels = NDArray[np.float32]


def measure_conditions(
    images: Pixels, masks: Pixels, spacing_mm: float, sdf_scale_mm: float
) -> Pixels:
    """Area, length, tilt and contrast of each pair.

    Args:
        images: Image channel, air -1 and bright tissue 1, shape (N, H, W).
        masks: Mask channel, tanh(signed distance / sdf_scale_mm), shape (N, H, W).
        spacing_mm: Distance between rows and between columns.
        sdf_scale_mm: Scale of the mask channel.

    Returns:
        Shape (N, 4), in the order of CONDITION_NAMES: area in mm2; extent from front to back in
        mm; angle of the principal axis in degrees, positive when the anterior end is higher;
        mean image inside less mean image within 4 mm outside.

    Raises:
        GeometryError: A mask is empty or fills its picture.
    """
    inside = (masks > 0).astype(np.float64)
    ring = ((masks <= 0) & (masks > -math.tanh(RING_MM / sdf_scale_mm))).astype(np.float64)
    count, around = inside.sum((1, 2)), ring.sum((1, 2))
    if not (count > 0).all() or not (around > 0).all():
        raise GeometryError(
            f"mask {int(np.argmin(np.minimum(count, around)))} of the batch is empty or fills "
            "its picture; its measures do not exist",
            code="empty_mask",
        )
    columns = (inside.sum(1) > 0).astype(np.int64)
    first, last = columns.argmax(1), columns.shape[1] - 1 - columns[:, ::-1].argmax(1)
    contrast = (images * inside).sum((1, 2)) / count - (images * ring).sum((1, 2)) / around
    return np.stack(
        [
            count * spacing_mm**2,
            (last - first + 1) * spacing_mm,
            _principal_angle_deg(inside),
            contrast,
        ],
        axis=1,
    ).astype(np.float32)


def summarise_conditions(values: Pixels) -> tuple[Condition, ...]:
    """Mean, deviation and range of measured conditions (N, 4)."""
    low, high = np.percentile(values, (1, 99), axis=0)
    # A floor keeps a data set without any spread, such as one slice, usable.
    std = np.maximum(values.std(0), 1e-3)
    return tuple(
        Condition(name, float(mean), float(deviation), float(bottom), float(top))
        for name, mean, deviation, bottom, top in zip(
            CONDITION_NAMES, values.mean(0), std, low, high, strict=True
        )
    )


def correlate_conditions(values: Pixels) -> tuple[tuple[float, ...], ...]:
    """Correlation of measured conditions (N, K), K rows of K; none from a single slice.

    What never varies goes with nothing.

    Example:
        >>> correlate_conditions(np.array([[1, 2, 5], [2, 4, 5], [3, 6, 5]], np.float32))
        ((1.0, 1.0, 0.0), (1.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    """
    deviation = values.astype(np.float64) - values.mean(0)
    spread = np.sqrt((deviation**2).sum(0))
    scaled = deviation / np.where(spread > 0, spread, 1.0)
    matrix = scaled.T @ scaled
    np.fill_diagonal(matrix, 1.0)
    return tuple(tuple(round(value, 6) for value in row) for row in matrix.tolist())


def draw_conditions(
    conditions: Sequence[Condition],
    correlation: Sequence[Sequence[float]],
    seed: int,
    samples: Sequence[int],
) -> NDArray[np.float32]:
    """Conditions as the training slices have them: normal, correlated, within their range.

    Asked for nothing, a briefly trained network stays near its average: areas and contrasts vary
    too little. Asking each sample for a draw mends that. Large callosa are long ones: drawn each
    on its own, the conditions would ask for shapes that no head has.

    Args:
        conditions: What the generator can be asked for, K of them.
        correlation: Of the conditions, K rows of K; empty takes each on its own.
        seed: Seed of the whole set, not negative.
        samples: Number of each sample within the set, not negative.

    Returns:
        (value - mean) / std, shape (len(samples), K); a sample's draw does not depend on the
        others.

    Example:
        >>> known = [Condition("area_mm2", 590.0, 100.0, 400.0, 800.0)]
        >>> values = draw_conditions(known, (), 0, range(500))
        >>> bool(values.min() >= -1.9), bool(values.max() <= 2.1)
        (True, True)
    """
    # Two numbers more than noise has: SeedSequence takes zeros at the end for nothing.
    draws = np.array([
        np.random.default_rng([seed, sample, 0, 1]).standard_normal(len(conditions))
        for sample in samples
    ])  # fmt: skip
    if len(correlation):
        draws = draws @ _root(correlation).T
    return _within(draws, conditions).astype(np.float32)


def completed_conditions(
    asked: NDArray[np.float64],
    usual: NDArray[np.float64],
    conditions: Sequence[Condition],
    correlation: Sequence[Sequence[float]],
) -> NDArray[np.float64]:
    """A draw that has the asked values, and the rest as slices with such values have it.

    Matheron's rule: a draw is moved by what its asked part lacks, along the correlation.

    Args:
        asked: (value - mean) / std where a value is asked for, NaN elsewhere, shape (K,).
        usual: A draw of all conditions, shape (K,).
        conditions: What the generator can be asked for, K of them.
        correlation: Of the conditions, K rows of K; empty leaves the rest as drawn.

    Returns:
        Shape (K,).

    Example:
        >>> known = [Condition(name, 0.0, 1.0, -3.0, 3.0) for name in ("area_mm2", "length_mm")]
        >>> matrix = [[1.0, 0.8], [0.8, 1.0]]
        >>> completed_conditions(np.array([-2.0, np.nan]), np.zeros(2), known, matrix).round(3)
        array([-2. , -1.6])
    """
    fixed = np.isfinite(asked)
    completed = np.where(fixed, asked, usual)
    if len(correlation) and fixed.any() and not fixed.all():
        matrix = np.array(correlation)
        lack = np.linalg.lstsq(matrix[np.ix_(fixed, fixed)], (asked - usual)[fixed], rcond=None)[0]
        completed[~fixed] += matrix[np.ix_(~fixed, fixed)] @ lack
        completed[~fixed] = _within(completed, conditions)[~fixed]
    return completed


def _root(correlation: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """A matrix R with R R' = correlation, also where conditions depend on each other wholly."""
    values, vectors = np.linalg.eigh(np.array(correlation))
    root: NDArray[np.float64] = vectors * np.sqrt(np.maximum(values, 0.0))
    return root


def _within(
    deviations: NDArray[np.float64], conditions: Sequence[Condition]
) -> NDArray[np.float64]:
    """Deviations (..., K), limited to the range of each condition."""
    low = np.array([(one.low - one.mean) / one.std for one in conditions])
    high = np.array([(one.high - one.mean) / one.std for one in conditions])
    limited: NDArray[np.float64] = np.clip(deviations, low, high)
    return limited


def _principal_angle_deg(inside: NDArray[np.float64]) -> NDArray[np.float64]:
    """Tilt of the axis of largest spread, in (-90, 90], x toward anterior and y superior."""
    _, height, width = inside.shape
    x, y = -np.arange(width, dtype=np.float64), -np.arange(height, dtype=np.float64)
    count = inside.sum((1, 2))
    along, across = inside.sum(1), inside.sum(2)
    x0, y0 = along @ x / count, across @ y / count
    xx, yy = along @ x**2 / count - x0**2, across @ y**2 / count - y0**2
    xy = np.einsum("nhw,h,w->n", inside, y, x) / count - x0 * y0
    angle: NDArray[np.float64] = np.degrees(0.5 * np.arctan2(2 * xy, xx - yy))
    return angle
