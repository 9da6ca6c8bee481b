"""The midsagittal plane of a localizer: a few thick slices in two or three orientations.

No single stack holds a volume, but each axial and coronal slice shows both halves of the head. The
pixels of all slices are mirrored at one plane in patient coordinates and compared with what their
stack shows there, interpolated between its slices; the plane is moved until they agree
(Gauss-Newton). Large differences count in full: of a brain without skull they are its edges, and
without them the search ends up to 10 degrees off; local contrast already bounds those of a lesion.
A mirrored pixel that leaves its stack does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.pipelines.midplane.cores import on_all_cores
from callosal.pipelines.midplane.head_image import middle_of_head, tissue_points
from callosal.pipelines.midplane.linear_samples import fill_block, values_and_slopes_at
from callosal.pipelines.midplane.midsagittal import MidsagittalPlane
from callosal.pipelines.midplane.resample import Array, GridImage, Image, apply_along_axis
from callosal.pipelines.midplane.symmetry import MirrorPlane
from callosal.pipelines.midplane.symmetry_search import correlations, directions_about

_RADIUS_MM: Final = 88.0  # of the ball that is compared: the brain, without the neck
_RIM_MM: Final = 15.0  # over which the weight of a pixel falls to zero at the border of the ball
_PIXEL_MM: Final = 2.0
_LEAST_SAGITTAL: Final = 8  # fewer sagittal slices have a plane of symmetry of their own
_LEAST_PIXELS: Final = 400  # of a brain's cross-section at 2 mm are some 3000
_SURELY_SYMMETRIC: Final = 0.3
_SURE_DEG: Final = 2.5
_SYSTEMATIC_DEG: Final = 0.4
_SYSTEMATIC_MM: Final = 0.15
"""What no part of the slices tells: root mean square error of the plane on 56 made scouts of seven
heads, beside which the jackknife's share (0.06 degrees, 0.04 mm) is small."""
_STARTS: Final = 5
_APART_DEG: Final = 4.0
_RIVAL_MARGIN: Final = 0.03
_STEEP_DEG: Final = 50.0
_SEARCH_STEP_MM: Final = 8.0
_LARGEST_STEP: Final = np.array([5.0, 0.08, 0.08])  # mm, radians, radians
_LEFT_RIGHT_LPS: Final = np.array([1.0, 0.0, 0.0])
_SUPERIOR_LPS: Final = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class _Level:
    """One resolution: blur of the slices, size of the neighbourhood, distance of the pixels."""

    blur_mm: float
    contrast_mm: float
    step: int


_LEVELS: Final = (_Level(5.0, 15.0, 4), _Level(3.0, 12.0, 3), _Level(1.5, 10.0, 2))


@dataclass(frozen=True, eq=False)
class _Slices:
    """Local contrast of one stack, slice by slice.

    Attributes:
        contrast: Shape (slices, rows, columns); 0 where nothing was measured.
        to_index: 4x4 matrix from LPS mm to indices.
        center: The middle of the head in LPS mm, shape (3,).
        from_center_mm: Pixels that are compared, LPS mm from the middle, shape (3, N).
        index: Their indices, shape (3, N).
        values: Their contrast, shape (N,).
        weights: How much each counts, shape (N,).
    """

    contrast: Image
    to_index: Array
    center: Array
    from_center_mm: Image
    index: Image
    values: Image
    weights: Image


@dataclass(frozen=True, eq=False)
class _Comparison:
    """Pixels beside their mirror images.

    Attributes:
        residual: Contrast less that of the mirrored place, shape (N,).
        jacobian: Its derivative by shift (mm) and two turns (radians), shape (3, N).
        weight: Weight of each pixel; 0 where the mirrored place was not measured.
        mirrored: Contrast at the mirrored place.
        slices: What was compared.
    """

    residual: Image
    jacobian: Image
    weight: Image
    mirrored: Image
    slices: _Slices


def find_localizer_plane(stacks: Sequence[Volume]) -> MidsagittalPlane:
    """Finds the plane of best left-right symmetry of all stacks of a localizer.

    The search covers heads turned up to 30 degrees about each axis of the patient frame.

    Args:
        stacks: Stacks of one frame of reference, slices first; of two orientations or more.

    Returns:
        The plane; look at its flags before using it. Its uncertainty comes from leaving out parts
        of the slices.

    Raises:
        InputError: No stack shows both halves of the head (`one_orientation`), or the slices show
            no head (`too_little_head`, `empty_volume`).
    """
    binned = [_binned(stack) for stack in stacks]
    points = np.concatenate([_tissue_lps(*one) for one in binned])
    center = middle_of_head(points, _SUPERIOR_LPS)
    shown = [one for one in binned if _shows_both_halves(*one)]
    if not shown:
        raise InputError(
            "no axial or coronal slices show both halves of the head, so the plane between them "
            "cannot be found",
            "one_orientation",
        )
    first, second, third = (
        on_all_cores(partial(_prepared, center=center, level=level), shown) for level in _LEVELS
    )
    if sum(one.values.size for one in third) < _LEAST_PIXELS:
        raise InputError("the slices show too little of a head", "too_little_head")
    starts = _search(first, center)
    nearby = _distinct(on_all_cores(lambda start: _refined(first, start, center, 6), starts))
    closer = _distinct([_refined(second, one, center, 10) for one in nearby[:3]])
    best = _refined(third, closer[0], center, 15)
    uncertainty_deg, uncertainty_mm = _jackknife(third, best)
    normal = -best.normal if best.normal[0] > 0 else best.normal
    flags = {
        "weak_symmetry": best.symmetry < _SURELY_SYMMETRIC or uncertainty_deg > _SURE_DEG,
        "rival_plane": len(closer) > 1 and closer[1].symmetry > closer[0].symmetry - _RIVAL_MARGIN,
        "steep_tilt": -normal[0] < np.cos(np.radians(_STEEP_DEG)),
    }
    return MidsagittalPlane(
        point_lps_mm=best.point_mm,
        normal=normal,
        uncertainty_deg=float(np.hypot(uncertainty_deg, _SYSTEMATIC_DEG)),
        uncertainty_mm=float(np.hypot(uncertainty_mm, _SYSTEMATIC_MM)),
        symmetry=max(0.0, best.symmetry),
        based_on="symmetry of the axial and coronal slices",
        flags=tuple(code for code, raised in flags.items() if raised),
    )


def _binned(stack: Volume) -> tuple[Image, Array]:
    """Slices in pixels of about 2 mm, and their matrix from indices to LPS mm."""
    spacing_mm = np.array(stack.spacing)
    grid = GridImage(np.nan_to_num(stack.array), spacing_mm, np.zeros(3))
    # Slices stay apart, however close they lie.
    small = grid.binned(_PIXEL_MM) if spacing_mm[0] > _PIXEL_MM / 2 else grid
    to_lps = np.array(stack.affine, dtype=float)
    to_lps[:3, 3] += to_lps[:3, :3] @ (small.origin_mm / spacing_mm)
    to_lps[:3, :3] *= small.spacing_mm / spacing_mm
    return small.values.astype(np.float32), to_lps


def _tissue_lps(values: Image, to_lps: Array) -> Array:
    coarse = GridImage(values[:, ::4, ::4], np.ones(3), np.zeros(3))
    index = tissue_points(coarse) * (1, 4, 4)
    return np.asarray(index @ to_lps[:3, :3].T + to_lps[:3, 3])


def _shows_both_halves(values: Image, to_lps: Array) -> bool:
    """Whether the slices of a stack lie across the midsagittal plane, or are many along it."""
    across = to_lps[:3, 0] / np.linalg.norm(to_lps[:3, 0])
    is_sagittal = abs(float(across @ _LEFT_RIGHT_LPS)) > np.cos(np.radians(45))
    return not is_sagittal or len(values) >= _LEAST_SAGITTAL


def _prepared(one: tuple[Image, Array], center: Array, level: _Level) -> _Slices:
    values, to_lps = one
    spacing_mm = np.linalg.norm(to_lps[:3, :3], axis=0)
    contrast = _local_contrast(values, level, spacing_mm)
    index = np.stack(
        np.meshgrid(
            *(
                np.arange(0, n, s)
                for n, s in zip(values.shape, (1, level.step, level.step), strict=True)
            ),
            indexing="ij",
        ),
        axis=-1,
    ).reshape(-1, 3)
    from_center_mm = index @ to_lps[:3, :3].T + (to_lps[:3, 3] - center)
    weights = np.clip((_RADIUS_MM - np.linalg.norm(from_center_mm, axis=1)) / _RIM_MM, 0, 1)
    at = tuple(index.T)
    weights = weights * (values[at] != 0)
    used = weights > 0
    return _Slices(
        contrast,
        np.asarray(np.linalg.inv(to_lps)),
        center,
        np.ascontiguousarray(from_center_mm[used].T, np.float32),
        np.ascontiguousarray(index[used].T, np.float32),
        contrast[at][used],
        weights[used].astype(np.float32),
    )


def _local_contrast(values: Image, level: _Level, spacing_mm: Array) -> Image:
    """Each slice freed of shading and scaled to one power, but in the air; 0 where not measured."""

    def blurred(image: Image, sigma_mm: float) -> Image:
        for axis in (1, 2):
            weights = _blur_weights(image.shape[axis], float(sigma_mm / spacing_mm[axis]))
            image = apply_along_axis(weights, image, axis)
        return image

    known = (values != 0).astype(np.float32)
    share = blurred(known, level.contrast_mm) + 1e-3
    mean = blurred(values, level.contrast_mm) / share
    smooth = blurred(values, level.blur_mm) / (blurred(known, level.blur_mm) + 1e-3)
    relative = (smooth - mean) / (mean + 0.1 * mean.max() + 1e-9)
    typical = float((known * np.abs(relative)).sum() / max(1.0, float(known.sum())))
    relative = np.clip(relative, -typical, typical)
    power = blurred(known * relative**2, 1.5 * level.contrast_mm) / share
    contrast = relative / np.sqrt(power + 0.03 * power.max() + 1e-12)
    return np.asarray(contrast * known, np.float32)


@lru_cache(maxsize=32)
def _blur_weights(length: int, sigma: float) -> Image:
    """Matrix (length, length) of the Gaussian blur of `scipy.ndimage`, which goes tap by tap."""
    taps = np.arange(-int(3 * sigma + 0.5), int(3 * sigma + 0.5) + 1)
    kernel = np.exp(-0.5 * (taps / sigma) ** 2)
    at = np.add.outer(np.arange(length), taps) % (2 * length)
    at = np.where(at < length, at, 2 * length - 1 - at)  # mirrored beyond the border
    at += length * np.arange(length)[:, None]
    weights = np.broadcast_to(kernel / kernel.sum(), at.shape)
    matrix = np.bincount(at.ravel(), weights.ravel(), length**2).reshape(length, length)
    return matrix.astype(np.float32)


def _search(images: Sequence[_Slices], center: Array) -> list[MirrorPlane]:
    """The most symmetric planes over a grid of tilts and all offsets."""

    def across(normal: Array) -> MirrorPlane:
        plane = MirrorPlane(center, normal, 0.0)
        offsets_mm, symmetry = correlations(
            np.concatenate([_block(one, plane) for one in images]), _SEARCH_STEP_MM
        )
        best = int(np.argmax(symmetry))
        return MirrorPlane(center + offsets_mm[best] * normal, normal, float(symmetry[best]))

    planes = on_all_cores(across, directions_about(_LEFT_RIGHT_LPS))
    return sorted(planes, key=lambda plane: -plane.symmetry)[:_STARTS]


def _block(one: _Slices, plane: MirrorPlane) -> Image:
    """Samples of a cube about a point, its last axis along a normal; 0 outside of the slices."""
    half = int(_RADIUS_MM / _SEARCH_STEP_MM)
    matrix = one.to_index[:3, :3] @ plane.frame * _SEARCH_STEP_MM
    start = one.to_index[:3, :3] @ plane.point_mm + one.to_index[:3, 3] - matrix @ np.full(3, half)
    samples = np.empty((2 * half + 1,) * 3, np.float32)
    fill_block(samples, one.contrast, matrix, start)
    return samples


def _compared(one: _Slices, plane: MirrorPlane) -> _Comparison:
    """Every pixel beside its mirror image, with the derivatives by the plane's parameters."""
    frame = plane.frame.astype(np.float32)
    from_plane = frame.T @ one.from_center_mm  # along two axes in the plane and its normal
    from_plane -= (plane.frame.T @ (plane.point_mm - one.center)).astype(np.float32)[:, None]
    to_index = one.to_index[:3, :3].astype(np.float32) @ frame
    index = one.index - to_index[:, 2:] * (2 * from_plane[2])
    last = np.array(one.contrast.shape, np.float32)[:, None] - 1
    # A slice shows what lies up to half its distance beside it.
    reach = np.array([[0.5], [0.0], [0.0]], np.float32)
    inside = ((index >= -reach) & (index <= last + reach)).all(axis=0)
    value, slope = values_and_slopes_at(one.contrast, index)
    by_u, by_v, by_normal = to_index.T @ slope  # by mm, as `from_plane`
    u_mm, v_mm, height_mm = from_plane
    jacobian = np.stack(
        [-by_normal, u_mm * by_normal + height_mm * by_u, v_mm * by_normal + height_mm * by_v]
    )
    jacobian *= 2
    weight = np.where(inside, one.weights, np.float32(0))
    return _Comparison(one.values - value, jacobian, weight, value, one)


def _refined(
    images: Sequence[_Slices], start: MirrorPlane, center: Array, most_steps: int
) -> MirrorPlane:
    """Moves a plane to the nearest best symmetry of all stacks."""
    plane = start.through_nearest(center)
    for _ in range(most_steps):
        terms = [
            _normal_equations(one, one.weight)
            for one in (_compared(image, plane) for image in images)
        ]
        hessian, gradient = (sum(part) for part in zip(*terms, strict=True))
        step = np.clip(-1.4 * _solve(hessian, gradient), -_LARGEST_STEP, _LARGEST_STEP)
        plane = plane.moved(float(step[0]), step[1:]).through_nearest(center)
        if abs(step[0]) + _RADIUS_MM * np.abs(step[1:]).sum() < 0.02:
            break
    return replace(plane, symmetry=_symmetry([_compared(image, plane) for image in images]))


def _normal_equations(
    one: _Comparison, weight: Image, used: NDArray[np.bool_] | slice = slice(None)
) -> tuple[Array, Array]:
    weighted = one.jacobian[:, used] * weight[used]
    hessian, gradient = weighted @ one.jacobian[:, used].T, weighted @ one.residual[used]
    return hessian.astype(float), gradient.astype(float)


def _solve(hessian: Array, gradient: Array) -> Array:
    """Solves with a trace of damping, so that a direction without information stays put."""
    damping = np.diag(1e-6 * np.diag(hessian) + 1e-9)
    return np.asarray(np.linalg.solve(hessian + damping, gradient))


def _symmetry(compared: Sequence[_Comparison]) -> float:
    """Weighted correlation of pixels with their mirror images; a small overlap lowers it."""
    product = own = other = whole = 0.0
    for one in compared:
        values = one.slices.values
        product += float((one.weight * values * one.mirrored).sum())
        own += float((one.weight * values**2).sum())
        other += float((one.weight * one.mirrored**2).sum())
        whole += float((one.slices.weights * values**2).sum())
    shared = float(np.sqrt(own * other))
    return product / (0.7 * shared + 0.3 * whole) if shared > 0 else 0.0


def _jackknife(images: Sequence[_Slices], plane: MirrorPlane) -> tuple[float, float]:
    """Standard errors of the normal in degrees and of the offset in mm (delete-a-group).

    The pixels are grouped by where they lie over the plane; each group is left out in turn.
    """
    parts = []
    for one in (_compared(image, plane) for image in images):
        across, held = plane.frame[:, :2].T, plane.point_mm - one.slices.center
        over = across @ one.slices.from_center_mm - (across @ held)[:, None]
        cell = np.clip((over / (_RADIUS_MM / 2) + 2).astype(int), 0, 3)
        group, weight = cell[0] * 4 + cell[1], one.weight
        for number in np.unique(group[weight > 0]):
            parts.append(_normal_equations(one, weight, group == number))
    hessian, gradient = (sum(terms) for terms in zip(*parts, strict=True))
    moves = np.array([-_solve(hessian - h, gradient - g) for h, g in parts])
    variance = (len(moves) - 1) * moves.var(axis=0)
    return float(np.degrees(np.sqrt(variance[1] + variance[2]))), float(np.sqrt(variance[0]))


def _distinct(planes: Sequence[MirrorPlane]) -> list[MirrorPlane]:
    """Planes that differ, the most symmetric first."""
    kept: list[MirrorPlane] = []
    limit = np.cos(np.radians(_APART_DEG))
    for plane in sorted(planes, key=lambda one: -one.symmetry):
        if all(abs(plane.normal @ other.normal) < limit for other in kept):
            kept.append(plane)
    return kept
