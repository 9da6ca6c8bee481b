"""A made spine: vertebrae, discs, cord and what lies around them, curved as a patient's is.

It stands for a T2-weighted scan of the whole spine. Sizes follow those of adults: bodies grow from
14 mm in height at the neck to 29 mm at the loins, discs from 4 to 10 mm. What differs from
patient to patient (heights, curves, disc wear, muscles, vessels) is drawn from the seed.
"""

from dataclasses import dataclass

import numpy as np
from highdicom import CoordinateSystemNames, Volume

from callosal.models.arrays import Array, Image
from callosal.pipelines.phantom.canvas import smoothstep
from callosal.pipelines.phantom.texture import smooth_field

N_VERTEBRAE = 24
"""Seven of the neck, twelve of the chest, five of the loins."""

_BRIGHTEST = 1000.0
_MARGIN_MM = 40.0


@dataclass(frozen=True, eq=False)
class Spine:
    """A made spine and where its parts lie.

    Attributes:
        volume: Intensities from 0 to about 1000, float32, axes (slice, row, column): slices toward
            right, rows toward the feet, columns toward the back.
        vertebrae_lps_mm: Centres of the bodies from the second of the neck down, (N, 3).
    """

    volume: Volume
    vertebrae_lps_mm: Array


@dataclass(frozen=True, eq=False)
class _Build:
    """What sets one patient's spine apart; lengths in mm, one value a vertebra where (N,)."""

    borders: Array  # (N, 2): distance of the upper and lower end plate from the top
    bright: Array
    disc_bright: Array
    waves: Array  # (4, 3): amplitude, length and phase of the waves of the two curves
    depth: float

    @classmethod
    def drawn(cls, rng: np.random.Generator, length_mm: float) -> "_Build":
        place = np.linspace(0, 1, N_VERTEBRAE)
        bodies = (14 + 15 * place) * rng.normal(1, 0.08, N_VERTEBRAE).clip(0.8, 1.2)
        discs = (4 + 6 * place) * rng.normal(1, 0.15, N_VERTEBRAE).clip(0.5, 1.5)
        # A patient's spine is scaled to the length asked for, 24 vertebrae in all.
        scale = (length_mm - 2 * _MARGIN_MM) / (bodies + discs).sum()
        tops = _MARGIN_MM + scale * np.r_[0, np.cumsum(bodies + discs)[:-1]]
        return cls(
            borders=np.stack([tops, tops + scale * bodies], axis=1),
            bright=rng.uniform(0.42, 0.62, N_VERTEBRAE),
            disc_bright=rng.uniform(0.35, 0.9, N_VERTEBRAE),
            waves=np.stack(
                [
                    np.array([11.0, 8.0, 2.5, 2.0]) * rng.uniform(0.6, 1.3, 4),
                    length_mm * np.array([0.9, 0.45, 1.1, 0.6]) * rng.uniform(0.85, 1.15, 4),
                    rng.uniform(0, 2 * np.pi, 4),
                ],
                axis=1,
            ),
            depth=float(rng.uniform(0.9, 1.1)),
        )

    def curve(self, down: Array, waves: slice) -> Array:
        """Offset of the middle line at distances from the top."""
        rows = self.waves[waves]
        return np.asarray(
            sum(a * np.sin(2 * np.pi * down / length + phase) for a, length, phase in rows)
        )


def phantom_spine(
    seed: int,
    size_mm: tuple[float, float, float] = (60.0, 640.0, 220.0),
    spacing_mm: tuple[float, float, float] = (2.0, 0.6, 0.6),
    top_lps_mm: float = 300.0,
) -> Spine:
    """A spine of a seed.

    Args:
        seed: Draws the patient.
        size_mm: Reach across the slices, from head to feet and from front to back.
        spacing_mm: Distance of slices, rows and columns.
        top_lps_mm: How far toward the head the first row lies.
    """
    rng = np.random.default_rng(seed)
    counts = [max(1, round(size / step)) for size, step in zip(size_mm, spacing_mm, strict=True)]
    across, down, back = (
        np.asarray((np.arange(n) - (0 if axis == 1 else (n - 1) / 2)) * step, np.float64)
        for axis, (n, step) in enumerate(zip(counts, spacing_mm, strict=True))
    )
    build = _Build.drawn(rng, size_mm[1])
    middle_back = build.curve(down, slice(0, 2))
    middle_across = build.curve(down, slice(2, 4))
    axes = (across, down, back)
    image = np.empty(counts, np.float32)
    coarse, fine = (smooth_field(rng, axes, cell) for cell in (9.0, 2.5))
    for index, x in enumerate(across):
        image[index] = _slice(build, x - middle_across, down, back[None] - middle_back[:, None],
                              coarse[index], fine[index], spacing_mm[2])  # fmt: skip
    image *= _BRIGHTEST
    affine = np.eye(4)
    affine[:3, :3] = np.stack(
        [
            np.array([-1.0, 0, 0]) * spacing_mm[0],
            np.array([0, 0, -1.0]) * spacing_mm[1],
            np.array([0, 1.0, 0]) * spacing_mm[2],
        ],
        axis=1,
    )
    affine[:3, 3] = (-across[0], back[0], top_lps_mm)
    centers = build.borders.mean(axis=1)
    vertebrae = np.stack(
        [
            -np.interp(centers, down, middle_across),
            np.interp(centers, down, middle_back),
            top_lps_mm - centers,
        ],
        axis=1,
    )
    return Spine(Volume(image, affine, CoordinateSystemNames.PATIENT), vertebrae)


def _slice(
    build: _Build, aside: Array, down: Array, back: Array, coarse: Image, fine: Image, edge: float
) -> Image:
    """One slice.

    Args:
        build: The patient.
        aside: Distance from the middle line across the slices, a row each, (H,).
        down: Distance of the rows from the top, (H,).
        back: Distance toward the back from the middle line of the bodies, (H, W).
        coarse: Random field of muscles and vessels, (H, W).
        fine: Random field of tissue, (H, W).
        edge: Width of soft edges.
    """
    edge = max(edge, 0.8)
    level = np.clip(np.searchsorted(build.borders[:, 0], down) - 1, 0, N_VERTEBRAE - 1)
    share = down / down[-1]
    half_depth = (9.0 + 7.0 * share) * build.depth
    half_width = 1.3 * half_depth
    # Bodies are round seen from above: less deep beside the middle.
    narrow = np.sqrt(np.clip(1 - (aside / half_width) ** 2, 0, 1))
    depth = (half_depth * narrow)[:, None]
    image = (0.3 + 0.14 * coarse + 0.05 * fine).astype(np.float32)
    image = np.clip(image, 0.03, 1)

    def lay(distance: Array, value: Image | Array | float) -> None:
        """Lay tissue where a distance is below 0."""
        cover = np.clip(0.5 - distance / edge, 0, 1).astype(np.float32)
        image[...] += cover * (np.asarray(value, np.float32) - image)

    # Discs fill the column, bodies lie over them.
    offset = np.abs(back)
    nucleus = build.disc_bright[level][:, None] * smoothstep(
        (1 - offset / np.maximum(depth, 1e-3)).astype(np.float32), 0.05, 0.6
    )
    lay(offset - depth, 0.12 + nucleus + 0.03 * fine)
    upper, lower = build.borders[level].T
    hollow = 1.3 * (1 - np.clip(offset / np.maximum(depth, 1e-3), 0, 1) ** 2)
    height = np.clip((down - upper) / (lower - upper), 0, 1)
    waist = depth * (1 - 0.07 * np.sin(np.pi * height))[:, None]
    inside = np.maximum(
        np.maximum((upper - down)[:, None] + hollow, (down - lower)[:, None] + hollow),
        offset - waist,
    )
    lay(inside, 0.1)
    lay(inside + 1.1, build.bright[level][:, None] + 0.06 * fine + 0.03 * coarse)
    # Canal, cord down to the loins, roots below.
    canal_half = 7.5 - 1.0 * share
    canal = back - (half_depth + canal_half + 1.5)[:, None]
    rounded = np.hypot(canal, aside[:, None] * canal_half[:, None] / 10)
    lay(rounded - canal_half[:, None], 0.95 + 0.02 * fine)
    cord_half = np.interp(share, [0, 0.66, 0.72, 1], [4.2, 3.4, 0.6, 0.6])[:, None]
    bulge = 1 + 0.15 * np.sin(2 * np.pi * share * 3)[:, None]
    lay(np.hypot(canal, aside[:, None] * 0.8) - cord_half * bulge, 0.5 + 0.04 * fine)
    # Spinous processes, each below its body, in muscle and fat.
    behind = back - (half_depth + 2 * canal_half + 3)[:, None]
    middle = ((upper + lower) / 2 + 8)[:, None] + 0.5 * behind
    spine = np.maximum(np.abs(down[:, None] - middle) - 5.0, np.abs(behind - 12) - 12)
    lay(np.maximum(spine, np.abs(aside)[:, None] - 5), 0.1)
    lay(np.maximum(spine + 1.1, np.abs(aside)[:, None] - 4), 0.55 + 0.06 * fine)
    # Fat under the skin of the back, air behind it and in front.
    skin = half_depth + 2 * canal_half + 34 + 5 * np.sin(2 * np.pi * share + build.waves[0, 2])
    lay(skin[:, None] - back, 0.8 + 0.05 * fine)
    lay((skin + 9)[:, None] - back, 0.0)
    front = -(78 + 8 * np.sin(3 * np.pi * share + build.waves[1, 2]))[:, None]
    lay(back - front, 0.0)
    clipped: Image = np.clip(image, 0, 1.2)
    return clipped
