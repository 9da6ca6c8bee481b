"""The drawn callosum of the phantom: a tube along a curve from rostrum to splenium.

Head coordinates of the phantom are (u, v) in mm: u toward anterior, v toward superior, with
the origin at the middle of the standard callosum. The standard curve follows the callosum of
the MNI152 average head; sizes vary as they do between adults (Kucharsky Hiess et al. 2015).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from callosal.models.arrays import Image
from callosal.pipelines.phantom.canvas import grid_window

Float = NDArray[np.float64]

# u, v and radius in mm: rostrum, genu, body, isthmus, splenium.
_STANDARD = np.array(
    [
        [23.5, -6.4, 1.5],
        [28.0, -6.8, 2.8],
        [32.0, -4.6, 4.2],
        [34.0, 0.0, 5.4],
        [29.5, 8.0, 4.6],
        [20.0, 12.8, 3.3],
        [8.0, 14.6, 2.9],
        [-4.0, 14.0, 2.8],
        [-15.0, 11.2, 2.6],
        [-23.5, 6.8, 2.4],
        [-29.5, 1.6, 3.7],
        [-33.2, -4.2, 5.2],
        [-31.8, -7.4, 4.6],
    ]
)


@dataclass(frozen=True, eq=False)
class Tube:
    """A band along a polyline, as wide at each of its points as a disc there.

    Attributes:
        points_mm: Disc centres (u, v), shape (N, 2), N at least 2.
        radii_mm: Disc radii, shape (N,).
    """

    points_mm: Float
    radii_mm: Float

    @classmethod
    def through(cls, knots: Float, count: int) -> "Tube":
        """Smooth tube through a few knots (u, v, radius), sampled at `count` discs."""
        steps = np.hypot(*np.diff(knots[:, :2], axis=0).T)
        length = np.concatenate([[0.0], np.cumsum(steps)])
        curve = CubicSpline(length, knots)(np.linspace(0, length[-1], count))
        return cls(curve[:, :2], np.maximum(curve[:, 2], 0.3))

    def scaled(self, factors: tuple[float, float], thickness: float) -> "Tube":
        """The tube with its curve stretched along u and v, its radii by `thickness`."""
        return Tube(self.points_mm * np.asarray(factors), self.radii_mm * thickness)

    @property
    def bounds_mm(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Least and greatest (u, v) of the tube."""
        u, v = self.points_mm.T
        low = (float((u - self.radii_mm).min()), float((v - self.radii_mm).min()))
        return low, (float((u + self.radii_mm).max()), float((v + self.radii_mm).max()))

    def signed_distance_mm(self, u: Image, v: Image) -> Image:
        """Distance to the outline, negative inside.

        Args:
            u: Anterior coordinate of each pixel, mm, shape (H, W).
            v: Superior coordinate of each pixel, mm, shape (H, W).

        Returns:
            Distance in mm, shape (H, W), exact where the radius is constant.
        """
        nearest = np.full(u.shape, np.inf, dtype=np.float32)
        discs = np.column_stack([self.points_mm, self.radii_mm])
        for (start_u, start_v, radius), (step_u, step_v, widening) in zip(
            discs[:-1].tolist(), np.diff(discs, axis=0).tolist(), strict=True
        ):
            du, dv = u - start_u, v - start_v
            length_squared = step_u**2 + step_v**2
            along = du * (step_u / length_squared) + dv * (step_v / length_squared)
            along = np.minimum(np.maximum(along, 0), 1)
            du -= along * step_u
            dv -= along * step_v
            distance = np.sqrt(du * du + dv * dv) - along * widening
            np.minimum(nearest, distance - radius, out=nearest)
        return nearest

    def mask(self, u: Image, v: Image) -> NDArray[np.uint8]:
        """1 where a pixel's centre lies inside, else 0; shape (H, W) of the regular grid."""
        mask = np.zeros(u.shape, dtype=np.uint8)
        window = grid_window(u, v, *self.bounds_mm)
        mask[window] = self.signed_distance_mm(u[window], v[window]) < 0
        return mask


def drawn_callosum(rng: np.random.Generator, factors: tuple[float, float]) -> Tube:
    """A callosum of random shape and thickness.

    Args:
        rng: Source of the random draws.
        factors: Stretch along u (length) and v (height of the arch), about 1.

    Returns:
        The tube from rostrum to splenium in head coordinates.
    """
    knots = _STANDARD.copy()
    knots[:, :2] += rng.normal(0, 0.6, (len(knots), 2))
    knots[0, 0] += rng.uniform(-2.0, 2.0)  # the rostrum's length varies most
    genu, body, splenium = rng.uniform(0.8, 1.2, 3)
    parts = np.interp(knots[:, 0], [-30, -20, 0, 20, 30], [splenium, body, body, body, genu])
    knots[:, 2] *= parts * rng.uniform(0.8, 1.2)
    knots[3:, 2] = np.maximum(knots[3:, 2], 1.7)
    return Tube.through(knots, 32).scaled(factors, thickness=1.0)
