"""The two halves of a head, sampled on a lattice that a plane of symmetry cuts in half.

All positions are in grid mm (see `resample`).
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from callosal.pipelines.midplane.resample import Array, GridImage, Image

_RIM_MM = 15.0  # width over which the lattice's weight falls to zero at its border
_OUTLIER_SCALE = 4.0  # residuals, in robust standard deviations, that count a quarter


@dataclass(frozen=True, eq=False)
class MirrorPlane:
    """A plane of symmetry in grid mm.

    Attributes:
        point_mm: Point of the plane nearest the centre of the head, shape (3,).
        normal: Unit normal, shape (3,).
        symmetry: Correlation of the two halves, -1..1.
    """

    point_mm: Array
    normal: Array
    symmetry: float

    @cached_property
    def frame(self) -> Array:
        """Two axes in the plane and its normal, as columns, shape (3, 3)."""
        axis = np.eye(3)[np.argmin(np.abs(self.normal))]
        in_plane = axis - self.normal * (axis @ self.normal)
        in_plane /= np.linalg.norm(in_plane)
        (a, b, c), (u, v, w) = self.normal.tolist(), in_plane.tolist()
        across = [b * w - c * v, c * u - a * w, a * v - b * u]
        return np.array([in_plane, across, self.normal]).T

    def moved(self, shift_mm: float, turns: Array) -> "MirrorPlane":
        """The plane shifted along its normal and turned about its two axes (radians, small)."""
        tilted = self.normal + self.frame[:, :2] @ turns
        tilted /= np.linalg.norm(tilted)
        return replace(self, point_mm=self.point_mm + shift_mm * self.normal, normal=tilted)

    def through_nearest(self, center_mm: Array) -> "MirrorPlane":
        """The same plane, held by its point nearest to a centre."""
        distance = float((self.point_mm - center_mm) @ self.normal)
        return replace(self, point_mm=center_mm + distance * self.normal)


@dataclass(frozen=True, eq=False)
class Lattice:
    """Sample points about a plane: u and v in the plane, w along its normal.

    Attributes:
        step_mm: Distance of neighbouring samples.
        half_width_mm: Extent to each side along u, v and w, shape (3,).
        weight: Weight of each sample of one half, shape (U, V, W); fades toward the rim.
    """

    step_mm: float
    half_width_mm: Array
    weight: Image

    @classmethod
    def about_head(cls, step_mm: float, radius_mm: float, half_width_mm: float) -> "Lattice":
        """A ball of a radius, cut down to a distance from the plane."""
        extent = np.array([radius_mm, radius_mm, half_width_mm])
        count = np.floor(extent / step_mm + 1e-9).astype(int)
        u, v, w = (np.arange(-n, n + 1, dtype=np.float32) * np.float32(step_mm) for n in count)
        u, v, w = u[:, None, None], v[None, :, None], w[None, None, count[2] + 1 :]
        from_center = np.sqrt(u**2 + v**2 + w**2)
        weight = np.clip((radius_mm - from_center) / _RIM_MM, 0, 1)
        weight *= np.clip((half_width_mm - w) / _RIM_MM, 0, 1)
        return cls(step_mm, extent, weight)

    def axes_mm(self) -> tuple[Image, Image, Image]:
        """Coordinates u, v, w of one half, shaped to broadcast over (U, V, W)."""
        nu, nv, nw = self.weight.shape
        u = (np.arange(nu, dtype=np.float32) - nu // 2) * np.float32(self.step_mm)
        v = (np.arange(nv, dtype=np.float32) - nv // 2) * np.float32(self.step_mm)
        w = (np.arange(nw, dtype=np.float32) + 1) * np.float32(self.step_mm)
        return u[:, None, None], v[None, :, None], w[None, None, :]


@dataclass(frozen=True, eq=False)
class Halves:
    """The two sides of a plane sample by sample, the far side mirrored onto the near one.

    Attributes:
        block: Samples on both sides, the plane in the middle of the last axis; NaN outside the
            image.
        lattice: Where they were taken.
    """

    block: Image
    lattice: Lattice

    @cached_property
    def near(self) -> Image:
        """Samples on the side of the normal, shape (U, V, W); 0 outside the image."""
        return np.nan_to_num(self.block[self._near])

    @cached_property
    def far(self) -> Image:
        """Samples at the mirrored points, same shape."""
        return np.nan_to_num(self.block[self._far])

    @property
    def jacobian(self) -> Image:
        """Derivative of near - far by shift (mm) and both turns (radians), shape (3, U, V, W)."""
        return self._known_jacobian[0]

    @property
    def weight(self) -> Image:
        """Lattice weight, 0 where a sample or a derivative is outside the image."""
        return self._known_jacobian[1]

    @property
    def symmetry(self) -> float:
        """Weighted correlation of the two sides, -1..1; 0 where there is nothing to compare.

        What has no counterpart lowers it, so that a small overlap is not taken for symmetry.
        """
        weight = self.lattice.weight
        near_power = float((weight * self.near**2).sum())
        far_power = float((weight * self.far**2).sum())
        if near_power == 0.0 or far_power == 0.0:
            return 0.0
        product = float((weight * self.near * self.far).sum())
        return product / float(np.sqrt(near_power * far_power))

    def robust_weight(self) -> Image:
        """The weight after residuals that stand out are played down (Geman-McClure)."""
        residual = self.near - self.far
        used = np.abs(residual[self.weight > 0])
        if used.size == 0:
            return self.weight
        scale = _OUTLIER_SCALE * 1.4826 * float(np.median(used[:: 1 + used.size // 20000]))
        robust: Image = self.weight / (1 + (residual / (scale + 1e-6)) ** 2) ** 2
        return robust

    @property
    def _near(self) -> tuple[slice, ...]:
        return np.s_[:, :, self.block.shape[2] // 2 + 1 :]

    @property
    def _far(self) -> tuple[slice, ...]:
        return np.s_[:, :, self.block.shape[2] // 2 - 1 :: -1]

    @cached_property
    def _known_jacobian(self) -> tuple[Image, Image]:
        """Jacobian and weight, which the symmetry alone does without."""
        block, lattice, near, far = self.block, self.lattice, self._near, self._far
        du, dv, dw = (_slope(block, axis, lattice.step_mm) for axis in range(3))
        u, v, w = lattice.axes_mm()
        by_shift = dw[near] - dw[far]
        jacobian = np.stack(
            [
                by_shift,
                w * (du[near] + du[far]) - u * by_shift,
                w * (dv[near] + dv[far]) - v * by_shift,
            ]
        )
        known = np.isfinite(jacobian.sum(axis=0)) & np.isfinite(block[near] - block[far])
        return np.where(known, jacobian, 0), np.where(known, lattice.weight, 0)


def halves(image: GridImage, plane: MirrorPlane, lattice: Lattice) -> Halves:
    """Samples both sides of a plane."""
    block = image.block(plane.point_mm, plane.frame, lattice.half_width_mm, lattice.step_mm)
    return Halves(block, lattice)


def _slope(block: Image, axis: int, step_mm: float) -> Image:
    """Central difference along an axis; NaN in the first and last layer."""
    slope = np.full_like(block, np.nan)
    inner, ahead, behind = ([slice(None)] * 3 for _ in range(3))
    inner[axis], ahead[axis], behind[axis] = slice(1, -1), slice(2, None), slice(None, -2)
    difference = block[tuple(ahead)] - block[tuple(behind)]
    slope[tuple(inner)] = difference / np.float32(2 * step_mm)
    return slope
