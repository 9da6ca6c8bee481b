"""Straight lines through the callosum: its greatest diameter and the corpus callosum index."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import pdist, squareform

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.rotated_box import RotatedBox


@dataclass(frozen=True)
class Diameter:
    """The two points of the outline farthest apart.

    Attributes:
        anterior_mm: Anterior one (x, y).
        posterior_mm: Posterior one (x, y).
    """

    anterior_mm: tuple[float, float]
    posterior_mm: tuple[float, float]

    @property
    def length_mm(self) -> float:
        """Their distance, the greatest anteroposterior diameter."""
        return float(np.hypot(*np.subtract(self.anterior_mm, self.posterior_mm)))


def find_diameter(outline_mm: Array, box: RotatedBox) -> Diameter:
    """Greatest diameter of an outline; the box's long axis gives its anterior end."""
    hull = polygon.convex_hull_mm(outline_mm)
    first, second = divmod(int(np.argmax(squareform(pdist(hull)))), len(hull))
    ends = sorted((hull[first], hull[second]), key=lambda end: -box.to_frame_mm(end)[0])
    (ax, ay), (px, py) = ends
    return Diameter((float(ax), float(ay)), (float(px), float(py)))


def corpus_callosum_index(outline_mm: Array, diameter: Diameter) -> float:
    """Corpus callosum index (Figueira et al. 2007, Arq Neuropsiquiatr 65:931).

    The widths of the genu and of the splenium on the line of the greatest diameter, and of the
    body on the perpendicular through its middle; their sum over the diameter.

    Args:
        outline_mm: Closed polygon, shape (N, 2).
        diameter: Its greatest diameter.

    Raises:
        GeometryError: `diameter_inside`: the line never leaves the callosum, so it has no
            separate genu and splenium; `no_body_above`: the perpendicular meets nothing.
    """
    anterior, posterior = np.array(diameter.anterior_mm), np.array(diameter.posterior_mm)
    along = (posterior - anterior) / diameter.length_mm
    across = np.array([-along[1], along[0]])
    on_diameter = _stretches(outline_mm, anterior, along)
    if len(on_diameter) < 2:
        raise GeometryError(
            "corpus callosum index: the greatest diameter lies inside the callosum; it has no "
            "separate genu and splenium",
            "diameter_inside",
        )
    on_perpendicular = _stretches(outline_mm, (anterior + posterior) / 2, across)
    if len(on_perpendicular) == 0:
        raise GeometryError(
            "corpus callosum index: no body above the middle of the diameter", "no_body_above"
        )
    widths = on_diameter[0] + on_diameter[-1] + on_perpendicular.max()
    return float(widths / diameter.length_mm)


def _stretches(outline: Array, point: Array, direction: Array) -> Array:
    """Lengths of the parts of a line inside a polygon, in the order of the direction."""
    offset = outline - point
    depth = offset[:, 0] * direction[1] - offset[:, 1] * direction[0]
    along = offset @ direction
    after = np.roll(depth, -1)
    crosses = (depth >= 0) != (after >= 0)
    share = depth[crosses] / (depth[crosses] - after[crosses])
    at = np.sort(along[crosses] + share * (np.roll(along, -1) - along)[crosses])
    return np.asarray(at[1::2] - at[::2])
