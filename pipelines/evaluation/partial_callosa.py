"""Callosa without a part: whole ones cut along their midline, as outlines and as pictures.

What is missing ends as anatomy has it, in a round end across the midline, not in a straight cut.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.spatial import KDTree

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.callosum.finding import outline_features
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.evaluation.wrong_slices import Pixels, painted_out
from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage, on_slice
from callosal.pipelines.morphometry.borders import find_borders
from callosal.pipelines.morphometry.genu_bend import find_genu_bend
from callosal.pipelines.morphometry.measures import SMOOTHING
from callosal.pipelines.morphometry.midline import Midline, find_midline
from callosal.pipelines.morphometry.outline import even_outline, perimeter_mm
from callosal.pipelines.outline.contour import callosum_component, find_contours_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm


class Lack(StrEnum):
    """What a made callosum lacks."""

    ROSTRUM = "rostrum"
    GENU = "rostrum and genu"
    SPLENIUM = "splenium"
    POSTERIOR_HALF = "posterior half"
    ROSTRUM_SPLENIUM = "rostrum and splenium"
    ROSTRUM_POSTERIOR_HALF = "rostrum and posterior half"


MISSING: Mapping[Lack, tuple[str, ...]] = {
    Lack.ROSTRUM: ("rostrum",),
    Lack.GENU: ("rostrum", "genu"),
    Lack.SPLENIUM: ("splenium",),
    Lack.POSTERIOR_HALF: ("splenium", "posterior_half"),
    Lack.ROSTRUM_SPLENIUM: ("rostrum", "splenium"),
    Lack.ROSTRUM_POSTERIOR_HALF: ("rostrum", "splenium", "posterior_half"),
}
"""Parts that each lacks, by the names of plan.json."""

_ROSTRUM, _GENU = 0.06, 0.26
"""Where rostrum and genu end along the midline of a callosum whose bend is not found."""


@dataclass(frozen=True, eq=False)
class Shape:
    """An outline and its midline.

    Attributes:
        outline_mm: Even outline, counter-clockwise, shape (N, 2).
        midline: From its anterior to its posterior tip.
    """

    outline_mm: Array
    midline: Midline

    @classmethod
    def of_outline(cls, outline_mm: Array) -> "Shape":
        """The shape of any outline, shape (N, 2), as `measure` prepares it.

        Raises:
            GeometryError: It has no midline.
        """
        even_mm = even_outline(outline_mm, SMOOTHING * perimeter_mm(outline_mm))
        return cls(even_mm, find_midline(find_borders(even_mm, RotatedBox.around(even_mm))))

    @classmethod
    def of_mask(cls, labelled: LabelledSlice) -> "Shape":
        """The shape of the mask of a slice.

        Raises:
            GeometryError: The mask is empty, or has no midline.
        """
        component = callosum_component(labelled.mask, _place(labelled))
        contour_mm = find_contours_mm(component, _place(labelled))[0]
        return cls.of_outline(smooth_contour_mm(contour_mm))

    @property
    def features(self) -> Array:
        """What the finding looks at, shape (F,)."""
        return outline_features(self.outline_mm, self.midline)

    @property
    def thickness_mm(self) -> float:
        """Mean thickness along the midline."""
        return float(self.midline.thickness_profile_mm().mean())


def kept_shares(whole: Shape, lack: Lack, draw: np.random.Generator) -> tuple[float, float]:
    """Stretch of the midline that is left, as shares of its length; where it ends is drawn.

    Args:
        whole: A whole callosum.
        lack: What it is to lack.
        draw: The rostrum ends at the inner bend of the genu, the genu behind it; the splenium
            is the last 16 to 24 % of the midline, the posterior half 42 to 58 %.
    """
    box = RotatedBox.around(whole.outline_mm)
    try:
        bend = find_genu_bend(whole.midline, whole.outline_mm, box)
        rostrum, genu = bend.before, min(bend.after, 0.33)
    except GeometryError:
        rostrum, genu = _ROSTRUM, _GENU
    low, high = 0.0, 1.0
    if "rostrum" in MISSING[lack]:
        low = rostrum + draw.uniform(0.0, 0.04)
    if "genu" in MISSING[lack]:
        low = genu + draw.uniform(-0.02, 0.08)
    if "splenium" in MISSING[lack]:
        high = draw.uniform(0.76, 0.84)
    if "posterior_half" in MISSING[lack]:
        high = draw.uniform(0.42, 0.58)
    return low, high


def cut_outline_mm(whole: Shape, low: float, high: float) -> Array:
    """Outline of a stretch of a callosum, with round ends where it was cut, shape (N, 2).

    Args:
        whole: A whole callosum.
        low: Share of the midline at which it begins, 0 for the tip of the rostrum.
        high: Share at which it ends, 1 for the tip of the splenium.
    """
    shares = whole.midline.shares
    inner = shares[(shares > low) & (shares < high)]
    lines = whole.midline.lines.at(shares, np.r_[low, inner, high])
    superior, inferior = lines.superior_mm, lines.inferior_mm
    hind = _round_end(superior[-1], inferior[-1]) if high < 1 else np.empty((0, 2))
    fore = _round_end(inferior[0], superior[0]) if low > 0 else np.empty((0, 2))
    return np.vstack([superior, hind, inferior[::-1], fore])


def painted_part(
    labelled: LabelledSlice, whole: Shape, low: float, high: float, seed: int
) -> Pixels:
    """A slice on which only the stretch of its callosum between two shares is left, (H, W).

    Args:
        labelled: Slice and mask.
        whole: Shape of its mask.
        low: Share of the midline at which it begins.
        high: Share at which it ends.
        seed: Number of the grain that is painted.
    """
    place = _place(labelled)
    rows, columns = np.nonzero(labelled.mask)
    points = place.pixels_to_mm(np.stack([rows, columns], axis=1))
    shares = whole.midline.shares[KDTree(whole.midline.points_mm).query(points)[1]]
    # The mask's own border lies outside of the smoothed outline by a part of a pixel.
    within = (shares >= low) & (shares <= high)
    left = within | polygon.contains(cut_outline_mm(whole, low, high), points)
    gone = np.zeros_like(labelled.mask)
    gone[rows[~left], columns[~left]] = 1
    painted = painted_out(
        LabelledSlice(labelled.name, labelled.site, labelled.image, gone, labelled.spacing_mm), seed
    )
    # The margin of what is painted out does not reach into what is left.
    painted[rows[left], columns[left]] = labelled.image[rows[left], columns[left]]
    return painted


def _place(labelled: LabelledSlice) -> SliceImage:
    return on_slice(np.asarray(labelled.image, np.float32), labelled.spacing_mm)


def _round_end(first: Array, last: Array) -> Array:
    """Points of a half circle from one point to another, left of the way between, (K, 2)."""
    middle, arm = (first + last) / 2, (first - last) / 2
    outward = np.array([-arm[1], arm[0]])
    turn = np.linspace(0, np.pi, 14)[1:-1, None]
    return np.asarray(middle + np.cos(turn) * arm + np.sin(turn) * outward)
