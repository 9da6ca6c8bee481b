"""The midsagittal plane of a head volume, in any orientation, resolution and patient position."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.pipelines.midplane.cores import on_all_cores
from callosal.pipelines.midplane.head_image import head_center, local_contrast, over_air
from callosal.pipelines.midplane.resample import Array, GridImage, isotropic
from callosal.pipelines.midplane.symmetry import Lattice, MirrorPlane
from callosal.pipelines.midplane.symmetry_fit import jackknife, refine
from callosal.pipelines.midplane.symmetry_search import search_planes

_RADIUS_MM: Final = 88.0  # of the ball that is compared: the brain, without the neck
_SURELY_SYMMETRIC: Final = 0.4  # heads with large lesions stay above 0.5, noise below 0.2
_SURE_DEG: Final = 2.0
_CLEARLY_SYMMETRIC: Final = 0.8  # at the coarse resolution; heads without a lesion reach 0.86
_CLEAR_MARGIN: Final = 0.3  # of the coarse symmetry; a rival found by accident has half of it
_OPEN_MARGIN: Final = 0.2  # in symmetry, within which a middle resolution does not decide
_RIVAL_MARGIN: Final = 0.05
_RIVAL_APART_DEG: Final = 3.0
_STEEP_DEG: Final = 50.0
_GUESSES: Final = 6
_LEFT_RIGHT_LPS: Final = np.array([1.0, 0.0, 0.0])
_SUPERIOR_LPS: Final = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class MidsagittalPlane:
    """The plane between the halves of the head, in patient coordinates (DICOM LPS, mm).

    Attributes:
        point_lps_mm: Point of the plane nearest the middle of the head, shape (3,).
        normal: Unit normal toward the patient's right, shape (3,).
        uncertainty_deg: Standard error of the normal, from leaving out parts of the head.
        uncertainty_mm: Standard error of the offset at `point_lps_mm`.
        symmetry: Correlation of local contrast between the halves, 0..1.
        based_on: What the plane was found from, in words.
        flags: Reason codes that speak against it: `weak_symmetry` (the halves hardly match or
            their parts disagree), `rival_plane` (another plane is nearly as good), `steep_tilt`
            (tilted further than the search covers).
    """

    point_lps_mm: Array
    normal: Array
    uncertainty_deg: float
    uncertainty_mm: float
    symmetry: float
    based_on: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Level:
    """One resolution of the search: grid and blur of the image, and where halves are compared."""

    spacing_mm: float
    blur_mm: float
    contrast_mm: float
    step_mm: float
    half_width_mm: float

    def image(self, base: GridImage, center_mm: Array, reach_mm: Array) -> GridImage:
        low_mm, high_mm = center_mm - reach_mm, center_mm + reach_mm
        binned = base.binned(self.spacing_mm)
        # exact zeros are padding or cleared air: their edge is not anatomy
        measured = binned.with_values((binned.values != 0).astype(np.float32))

        def on_grid(image: GridImage) -> GridImage:
            return isotropic(image, self.spacing_mm, self.blur_mm, low_mm, high_mm)

        picture, known = on_all_cores(on_grid, (binned, measured))
        return local_contrast(picture, known.values, self.contrast_mm)

    def lattice(self) -> Lattice:
        return Lattice.about_head(self.step_mm, _RADIUS_MM, self.half_width_mm)


_MARGIN_MM: Final = 10.0  # of image around the lattice, for its moves and its contrast
_REACH_STEP_MM: Final = 10.0  # four voxels of the finest level
_BASE_MM: Final = 2.0
_OVERVIEW_MM: Final = 8.0
_COARSE: Final = _Level(5.0, 4.0, 10.0, 8.0, 60.0)
_MIDDLE: Final = _Level(4.0, 3.0, 15.0, 6.0, 60.0)
_FINE: Final = _Level(2.5, 2.0, 10.0, 2.5, 40.0)


def find_midsagittal_plane(volume: Volume) -> MidsagittalPlane:
    """Finds the plane of best left-right symmetry of a head.

    The search covers heads turned up to 30 degrees about each axis of the patient frame. It works
    in the frame of the voxels, so a patient moved by the headers alone moves the plane exactly.

    Args:
        volume: One head, any array axes and dtype, one affine to LPS.

    Returns:
        The plane; look at its flags before using it.

    Raises:
        InputError: The volume has colour or several channels (`not_scalar`), no extent
            (`too_thin`), no picture (`empty_volume`) or hardly any (`too_little_head`).
    """
    axes, base = _grid_mm(volume)
    center_mm = head_center(base.binned(_OVERVIEW_MM), axes.T @ _SUPERIOR_LPS)
    starts = _starts(base, center_mm, axes.T @ _LEFT_RIGHT_LPS)
    fits = on_all_cores(partial(_fit, base, center_mm), starts)
    best, uncertainty_deg, uncertainty_mm = max(fits, key=lambda fit: fit[0].symmetry)
    if not np.isfinite([uncertainty_deg, uncertainty_mm, best.symmetry, *best.normal]).all():
        raise InputError(
            "the volume shows too little of a head for its halves to be compared, as label maps, "
            "angiograms and volumes of one side do; leave this series out",
            "too_little_head",
        )
    normal = axes @ best.normal
    normal = -normal if normal[0] > 0 else normal
    flags = {
        "weak_symmetry": best.symmetry < _SURELY_SYMMETRIC or uncertainty_deg > _SURE_DEG,
        "rival_plane": _has_rival(best, [fit[0] for fit in fits]),
        "steep_tilt": -normal[0] < np.cos(np.radians(_STEEP_DEG)),
    }
    return MidsagittalPlane(
        point_lps_mm=axes @ best.point_mm + volume.affine[:3, 3],
        normal=normal,
        uncertainty_deg=uncertainty_deg,
        uncertainty_mm=uncertainty_mm,
        symmetry=max(0.0, best.symmetry),
        based_on="symmetry of the volume",
        flags=tuple(code for code, raised in flags.items() if raised),
    )


def _grid_mm(volume: Volume) -> tuple[Array, GridImage]:
    """Orthonormal axes of the voxel grid in LPS as columns, and the volume near 2 mm spacing."""
    values: NDArray[np.generic] = volume.array
    if values.ndim != 3:
        raise InputError(
            f"the volume has {values.ndim} dimensions, a plane needs 3: take one channel of it",
            "not_scalar",
        )
    spacing_mm = np.linalg.norm(volume.affine[:3, :3], axis=0)
    extent_mm = spacing_mm * values.shape
    if min(values.shape) < 2 or extent_mm.min() < 20:
        raise InputError(
            f"the volume is {extent_mm.min():.0f} mm thin, too little to compare two halves: "
            "use it as 2D slices",
            "too_thin",
        )
    if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
        values = np.nan_to_num(values, posinf=0.0, neginf=0.0)
    grid = GridImage(values, spacing_mm, np.zeros(3)).binned(_BASE_MM)
    return volume.affine[:3, :3] / spacing_mm, over_air(grid)


def _starts(base: GridImage, center_mm: Array, left_right: Array) -> list[MirrorPlane]:
    """Planes at a local best of a middle resolution, all that may turn out the most symmetric."""
    ball_mm = np.full(3, _RADIUS_MM + _MARGIN_MM)
    coarse = _COARSE.image(base, center_mm, ball_mm)
    middle = _MIDDLE.image(base, center_mm, ball_mm)
    coarse_lattice, middle_lattice = _COARSE.lattice(), _MIDDLE.lattice()

    def nearby(guess: MirrorPlane) -> MirrorPlane:
        return refine(coarse, guess, coarse_lattice, center_mm, 0.5, 4)[0]

    def closer(guess: MirrorPlane) -> MirrorPlane:
        return refine(middle, guess, middle_lattice, center_mm, 0.01, 12)[0]

    guesses = search_planes(coarse, center_mm, left_right, _RADIUS_MM, _COARSE.step_mm, _GUESSES)
    starts = _distinct(on_all_cores(closer, _open(_distinct(on_all_cores(nearby, guesses)))))
    return [start for start in starts if start.symmetry > starts[0].symmetry - _OPEN_MARGIN]


def _open(planes: Sequence[MirrorPlane]) -> list[MirrorPlane]:
    """Planes that may turn out the best, of which the first is the most symmetric.

    Where the first is surely the midplane, those that are far less symmetric are left out: in 14
    heads of many contrasts none of them ended at another plane than the first or near its symmetry.
    """
    first = planes[0].symmetry
    if first < _CLEARLY_SYMMETRIC:
        return list(planes)
    return [plane for plane in planes if plane.symmetry > first - _CLEAR_MARGIN]


def _distinct(planes: Sequence[MirrorPlane]) -> list[MirrorPlane]:
    """Planes that differ, the most symmetric first."""
    kept: list[MirrorPlane] = []
    for plane in sorted(planes, key=lambda plane: -plane.symmetry):
        if all(_differ(plane, other) for other in kept):
            kept.append(plane)
    return kept


def _fit(base: GridImage, center_mm: Array, start: MirrorPlane) -> tuple[MirrorPlane, float, float]:
    """The plane refined at the finest level, with its uncertainty in degrees and mm."""
    lattice = _FINE.lattice()
    box_mm = np.minimum(np.abs(start.frame) @ lattice.half_width_mm, _RADIUS_MM) + _MARGIN_MM
    # whole steps, so that a start that differs by a hair leads to the same voxels
    reach_mm = np.ceil(box_mm / _REACH_STEP_MM) * _REACH_STEP_MM
    image = _FINE.image(base, center_mm, reach_mm)
    plane, sides = refine(image, start, lattice, center_mm, tolerance_mm=0.002, most_steps=20)
    return plane, *jackknife(sides)


def _has_rival(best: MirrorPlane, planes: list[MirrorPlane]) -> bool:
    """Whether a plane that differs from the best is nearly as symmetric."""
    return any(
        _differ(plane, best) and plane.symmetry > best.symmetry - _RIVAL_MARGIN for plane in planes
    )


def _differ(plane: MirrorPlane, other: MirrorPlane) -> bool:
    return bool(abs(plane.normal @ other.normal) < np.cos(np.radians(_RIVAL_APART_DEG)))
