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


def draw_conditions(
    conditions: Sequence[Condition], seed: int, samples: Sequence[int]
) -> NDArray[np.float32]:
    """Conditions as the training slices have them: normal within their range, each on its own.

    Asked for nothing, a briefly trained network stays near its average: areas and contrasts vary
    too little. Asking each sample for a draw mends that.

    Args:
        conditions: What the generator can be asked for.
        seed: Seed of the whole set, not negative.
        samples: Number of each sample within the set, not negative.

    Returns:
        (value - mean) / std, shape (len(samples), K); a sample's draw does not depend on the
        others.

    Example:
        >>> known = [Condition("area_mm2", 590.0, 100.0, 400.0, 800.0)]
        >>> values = draw_conditions(known, 0, range(500))
        >>> bool(values.min() >= -1.9), bool(values.max() <= 2.1)
        (True, True)
    """
    low = np.array([(one.low - one.mean) / one.std for one in conditions])
    high = np.array([(one.high - one.mean) / one.std for one in conditions])
    # Two numbers more than noise has: SeedSequence takes zeros at the end for nothing.
    draws = [
        np.random.default_rng([seed, sample, 0, 1]).standard_normal(len(conditions))
        for sample in samples
    ]
    return np.clip(np.array(draws), low, high).astype(np.float32)


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
