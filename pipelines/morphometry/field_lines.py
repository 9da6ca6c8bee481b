"""Field lines between the superior and inferior border, which pair their points.

A potential is 1 on the superior and 0 on the inferior border and obeys Laplace's equation inside
(Jones, Buchbinder and Aharon 2000, Hum Brain Mapp
11:12; for the callosum Adamson et al. 2011, Hum Brain Mapp 32:2131). Its field lines join each
point of one border to one of the other, leave both at right angles and never cross, however
the callosum bends. The equation is solved on the outline itself by boundary elements (Brebbia
1978), so there is no grid inside.
"""

from dataclasses import dataclass

import numpy as np

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.morphometry.borders import Borders
from callosal.pipelines.morphometry.outline import at_distances, resampled, walked_mm

ELEMENTS = 300


@dataclass(frozen=True, eq=False)
class FieldLines:
    """The two ends of each field line, from the anterior tip to the posterior one.

    Attributes:
        superior_mm: Ends on the superior border, shape (K, 2).
        inferior_mm: Ends on the inferior border, shape (K, 2); both tips are lines of length 0.
    """

    superior_mm: Array
    inferior_mm: Array

    @property
    def middles_mm(self) -> Array:
        """Middle of the two ends of each line, shape (K, 2)."""
        return (self.superior_mm + self.inferior_mm) / 2

    @property
    def lengths_mm(self) -> Array:
        """Straight distance of the two ends of each line, shape (K,)."""
        return np.asarray(np.linalg.norm(self.superior_mm - self.inferior_mm, axis=1))

    def at(self, walked: Array, distances: Array) -> "FieldLines":
        """The lines at other places, given the place (K,) of each of these along the midline."""
        return FieldLines(
            at_distances(self.superior_mm, walked, distances),
            at_distances(self.inferior_mm, walked, distances),
        )


def find_field_lines(borders: Borders) -> FieldLines:
    """Field lines between two borders.

    Raises:
        GeometryError: The borders touch or cross, so that no potential fits between them.
    """
    superior_mm, inferior_mm = _equal_elements(borders)
    flux = _flux(superior_mm, inferior_mm)
    split = len(superior_mm) - 1
    # At a needle-shaped border the discrete flux may change its sign; the lines stay in order.
    superior = np.r_[0.0, np.cumsum(np.maximum(flux[:split], 1e-9))]
    inferior = np.r_[0.0, np.cumsum(np.maximum(-flux[split:][::-1], 1e-9))]
    superior, inferior = superior / superior[-1], inferior / inferior[-1]
    places = np.union1d(superior, inferior)
    return FieldLines(
        at_distances(superior_mm, superior, places), at_distances(inferior_mm, inferior, places)
    )


def _equal_elements(borders: Borders) -> tuple[Array, Array]:
    """Both borders in elements of one length: at the tips the two sides then match."""
    lengths = [walked_mm(side)[-1] for side in (borders.superior_mm, borders.inferior_mm)]
    count = int(np.clip(round(ELEMENTS * lengths[0] / sum(lengths)), 8, ELEMENTS - 8))
    return (
        resampled(borders.superior_mm, count + 1),
        resampled(borders.inferior_mm, ELEMENTS - count + 1),
    )


def _flux(superior_mm: Array, inferior_mm: Array) -> Array:
    """Flux of the potential out through each element, superior ones first, shape (ELEMENTS,).

    Constant elements with collocation at their middles. The outline runs counter-clockwise:
    superior from the anterior tip, then inferior from the posterior one. All lengths are shares of
    the outline's extent, because at a logarithmic capacity of 1 the system would be singular.
    """
    outline = np.vstack([superior_mm[:-1], inferior_mm[:0:-1]])
    nodes = (outline - outline.mean(axis=0)) / np.ptp(outline, axis=0).max()
    side = np.roll(nodes, -1, axis=0) - nodes
    length = np.linalg.norm(side, axis=1)
    tangent = side / length[:, None]
    # Element by column: its start along and across it, as seen from the middle of each row's.
    x, y = nodes.T[:, None, :] - (nodes + side / 2).T[:, :, None]
    near = x * tangent[:, 0] + y * tangent[:, 1]
    across = y * tangent[:, 0] - x * tangent[:, 1]
    far = near + length
    angle = np.arctan2(-across * length, near * far + across * across)
    np.fill_diagonal(angle, 0.0)
    log_start = 0.5 * np.log(near * near + across * across)
    log_end = np.roll(log_start, -1, axis=1)
    single_layer = far * log_end - near * log_start - length - across * angle
    potential = np.arange(len(nodes)) < len(superior_mm) - 1
    right_side = angle[:, potential].sum(axis=1) - np.pi * potential
    try:
        return np.asarray(np.linalg.solve(single_layer, right_side) * length)
    except np.linalg.LinAlgError:
        raise GeometryError(
            "field lines: the outline touches itself, so it has no inside", "outline_crosses"
        ) from None
