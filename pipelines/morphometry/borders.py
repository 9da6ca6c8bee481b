"""The two tips of the callosum, and the superior and inferior border between them."""

from dataclasses import dataclass

import numpy as np

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.morphometry.outline import perimeter_mm

ROSTRUM_REACHES = (0.02, 0.03, 0.04)
"""Half the lengths of the hairpins that make the anterior tip, as shares of the perimeter."""

SPLENIUM_REACHES = (0.04, 0.05, 0.06)
"""Half the lengths for the posterior tip, which is a bulb."""

LOOK = 0.5
"""How far a corner that points outward is ranked down, and one that points inward up."""


@dataclass(frozen=True, eq=False)
class Borders:
    """The outline cut in two at its tips.

    Attributes:
        superior_mm: From the tip of the rostrum round the genu to that of the splenium, (N, 2).
        inferior_mm: The other border between the two tips, (M, 2).
    """

    superior_mm: Array
    inferior_mm: Array


def find_borders(outline_mm: Array, box: RotatedBox) -> Borders:
    """Cut an outline at the tip of the rostrum (or genu) and at that of the splenium.

    A tip is the middle of the sharpest hairpin: the place where the points at a small share of
    the perimeter before and behind lie nearest to each other with tissue between them, summed
    over three such shares. On a round end of a band it is exactly the end of the centre line,
    and it does not jump with a pixel.

    Args:
        outline_mm: Even outline, counter-clockwise, shape (N, 2).
        box: Its box; its long axis separates anterior from posterior.

    Raises:
        GeometryError: One of the halves has no hairpin, hence no tip.
    """
    along = box.to_frame_mm(outline_mm)[:, 0]
    tips = (
        _sharpest(outline_mm, along, ROSTRUM_REACHES),
        _sharpest(outline_mm, -along, SPLENIUM_REACHES),
    )
    turned = np.roll(outline_mm, -tips[0], axis=0)
    cut = (tips[1] - tips[0]) % len(outline_mm)
    closed = np.vstack([turned, turned[:1]])
    return Borders(closed[: cut + 1], closed[cut:][::-1])


def _sharpest(outline: Array, outward: Array, reaches: tuple[float, ...]) -> int:
    """Index of the point at one end of an outline whose hairpins are narrowest.

    Args:
        outline: Even outline, shape (N, 2).
        outward: Coordinate of each point along the long axis toward this end, shape (N,).
        reaches: Half the lengths of the hairpins, as shares of the perimeter.
    """
    steps = [max(2, round(reach * len(outline))) for reach in reaches]
    convex = (outward > 0) & (_cap_areas(outline, steps[0]) > 0)
    if not convex.any():
        raise GeometryError("borders: the outline has no tip at one end", "no_tip")
    width = np.where(convex, sum(_spans(outline, step) for step in steps), np.inf)
    # Both ends turn under: of two sharp corners the one that points outward is not the tip. How
    # far a corner stands out beyond its hairpin is near 0 where the border is flat.
    ahead, behind = np.roll(outward, -steps[-1]), np.roll(outward, steps[-1])
    stands_out = (outward - (ahead + behind) / 2) / (perimeter_mm(outline) * reaches[-1])
    chosen = int(np.argmin(width * (1 + LOOK * stands_out)))
    around = (chosen + np.arange(-steps[-1], steps[-1] + 1)) % len(outline)
    return int(around[np.argmin(width[around])])


def _spans(outline: Array, step: int) -> Array:
    """Distance of the points `step` before and behind each point, shape (N,)."""
    apart = np.roll(outline, -step, axis=0) - np.roll(outline, step, axis=0)
    return np.asarray(np.linalg.norm(apart, axis=1))


def _cap_areas(outline: Array, reach: int) -> Array:
    """Signed area between the outline from -reach to +reach of each point and its chord."""
    count = len(outline)
    moved = outline - outline.mean(axis=0)
    after = np.roll(moved, -1, axis=0)
    cross = moved[:, 0] * after[:, 1] - moved[:, 1] * after[:, 0]
    total = np.r_[0.0, np.cumsum(np.tile(cross, 3))]
    start = np.arange(count) + count - reach
    first, last = moved[start % count], moved[(start + 2 * reach) % count]
    closing = last[:, 0] * first[:, 1] - last[:, 1] * first[:, 0]
    return np.asarray((total[start + 2 * reach] - total[start] + closing) / 2)
