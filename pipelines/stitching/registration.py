"""How far the lower of two stations lies from where its header says, found in their overlap.

Both are read on one grid of about 1 mm and freed of what is smooth, which takes out gain and
bias. The masked cross-correlation (after Padfield 2012, IEEE Trans. Image Process. 21:2706), by
Fourier transforms and over all slices at once, gives the shift to a pixel, and a few steps of
least squares (Lucas and Kanade 1981) give it to a fraction of one. Parts of the overlap are then
asked one by one: a patient who turned, or another patient, gives parts that contradict each other.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from highdicom import Volume, VolumeGeometry
from numpy.typing import NDArray
from scipy import fft, ndimage

from callosal.pipelines.stitching.brightness import brightness_ratio
from callosal.pipelines.stitching.common_grid import part_of_grid, window_of
from callosal.pipelines.stitching.resampling import resampled

SEARCH_MM = 15.0
"""How far the search goes: beyond what is accepted, so that too large a shift is measured."""

_PIXEL_MM = 1.0
_MOST_SLICES = 7
_SMOOTH_MM = 0.8
_LOCAL_MM = 5.0
_FLAT_SHARE = 0.3
_LEAST_SHARE = 0.25
_STEPS = 8
_PARTS = 5
_LEAST_DETAIL = 0.05
_PART_MM = (15.0, 20.0)
_LEAST_VOXELS = 100
_AGREEMENT_QUANTILE = 0.25
_RICH_QUANTILE = 0.9

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Registration:
    """Shift of a lower station against the one above it.

    Attributes:
        shift_lps_mm: What has to be added to the places that the lower station's headers give.
        down_mm: The same along the rows' direction of growth, toward the feet.
        along_mm: The same along the columns' direction of growth.
        correlation: Of the details of both in the overlap once shifted, -1 to 1.
        agreement: The same in parts of about 15 by 20 mm, of which three in four reach it. Two
            patients may look alike in some parts, but not in all; NaN where no part has details.
        correlation_across: The best of the same with the slices shifted by one either way; NaN
            where there are too few slices.
        spread_mm: How far the shifts of parts of the overlap lie apart (root mean square).
        n_parts: Parts of the overlap that could be asked.
        height_mm: Mean height of the overlap.
    """

    shift_lps_mm: tuple[float, float, float]
    down_mm: float
    along_mm: float
    correlation: float
    agreement: float
    correlation_across: float
    spread_mm: float
    n_parts: int
    height_mm: float


@dataclass(frozen=True, eq=False)
class _Covered:
    """Intensities of a station, or their details (less what is smooth), and where it has any."""

    values: Image
    covered: Mask

    def part(self, slices: slice, rows: slice, columns: slice) -> "_Covered":
        """Those in a part of the grid."""
        where = (slices, rows, columns)
        return _Covered(self.values[where], self.covered[where])


def register(upper: Volume, lower: Volume, grid: VolumeGeometry) -> Registration | None:
    """Find the shift of a lower station against an upper one.

    Args:
        upper: Station nearer to the head, as `upright` gives it.
        lower: Its neighbour toward the feet.
        grid: The common grid.

    Returns:
        None where the stations share too little to compare.
    """
    work = _working_grid(upper, lower, grid)
    if work is None:
        return None
    stations = [_Covered(*resampled(one, work)) for one in (upper, lower)]
    sizes = (float(work.spacing[0]), float(work.spacing[1]), float(work.spacing[2]))
    spacing = sizes[1:]
    first, second = (_details(one, sizes) for one in stations)
    start = _whole_pixels(first, second, spacing)
    shift = _refined(first, second, start)
    shift = shift + _left_over(stations[0], _shifted(stations[1], shift), sizes)
    at = _shifted(second, shift)
    height_mm = _height_mm(upper, lower, grid)
    parts = _part_shifts(first, at)
    spread = _spread(parts, spacing)
    down_mm, along_mm = -shift[0] * spacing[0], -shift[1] * spacing[1]
    direction = np.asarray(work.direction)
    lps = down_mm * direction[:, 1] + along_mm * direction[:, 2]
    return Registration(
        shift_lps_mm=(float(lps[0]), float(lps[1]), float(lps[2])),
        down_mm=float(down_mm),
        along_mm=float(along_mm),
        correlation=_correlation(first, at),
        agreement=_agreement(first, at, spacing),
        correlation_across=_across(first, at),
        spread_mm=spread,
        n_parts=len(parts),
        height_mm=height_mm,
    )


def _height_mm(upper: Volume, lower: Volume, grid: VolumeGeometry) -> float:
    low, high = (window_of(grid, one) for one in (upper, lower))
    return max(0, low[1][1] - high[0][1]) * float(grid.spacing[1])


def _working_grid(upper: Volume, lower: Volume, grid: VolumeGeometry) -> VolumeGeometry | None:
    """A grid of about 1 mm about the overlap, with some of its slices."""
    windows = [window_of(grid, one) for one in (upper, lower)]
    start = np.max([window[0] for window in windows], axis=0)
    stop = np.min([window[1] for window in windows], axis=0)
    if (stop - start)[[0, 2]].min() < 1 or (stop - start)[1] * grid.spacing[1] < 4 * _PIXEL_MM:
        return None
    margin = math.ceil(SEARCH_MM / grid.spacing[1])
    start[1] = max(0, start[1] - margin)
    stop[1] = min(grid.spatial_shape[1], stop[1] + margin)
    part = part_of_grid(grid, start, stop)
    n = part.spatial_shape[0]
    skip = max(1, math.ceil(n / _MOST_SLICES))
    first = ((n - 1) % skip) // 2
    steps = np.array([skip, *(max(1.0, _PIXEL_MM / part.spacing[axis]) for axis in (1, 2))])
    shape = [(n - 1 - first) // skip + 1]
    shape += [max(1, math.floor((part.spatial_shape[a] - 1) / steps[a]) + 1) for a in (1, 2)]
    affine = part.affine.copy()
    affine[:3, 3] = part.map_indices_to_reference(np.array([[first, 0, 0]]))[0]
    affine[:3, :3] *= steps
    return VolumeGeometry(affine, (shape[0], shape[1], shape[2]), part.coordinate_system)


def _details(station: _Covered, sizes_mm: tuple[float, float, float]) -> _Covered:
    values, covered = station.values, station.covered
    in_plane_mm = np.asarray(sizes_mm[1:])
    fine = np.r_[0, _SMOOTH_MM / in_plane_mm]
    coarse = np.r_[0, _LOCAL_MM / in_plane_mm]
    weight = covered.astype(np.float32)
    values = _smooth(values, weight, fine)
    detail = (values - _smooth(values, weight, coarse)) * weight
    power = np.sqrt(np.maximum(_smooth(detail * detail, weight, coarse), 0))
    # Where nothing but noise is, it must not be blown up.
    floor = _FLAT_SHARE * float(np.sqrt(np.mean(power[covered] ** 2))) if covered.any() else 1.0
    detail /= power + max(floor, 1e-6)
    return _Covered(detail.astype(np.float32), covered)


def _smooth(values: Image, weight: Image, sigma: Array) -> Image:
    """Gaussian mean over what is covered."""
    total = ndimage.gaussian_filter(values * weight, sigma, mode="constant", truncate=3)
    share = ndimage.gaussian_filter(weight, sigma, mode="constant", truncate=3)
    mean: Image = np.where(share > 1e-3, total / np.maximum(share, 1e-3), 0)
    return mean


def _whole_pixels(first: _Covered, second: _Covered, spacing: tuple[float, float]) -> Array:
    """Shift (rows, columns) at which the second fits the first best: first[p] ~ second[p + s]."""
    reach = [math.ceil(SEARCH_MM / step) for step in spacing]
    shape = [
        fft.next_fast_len(n + r, real=True)
        for n, r in zip(first.values.shape[1:], reach, strict=True)
    ]
    a, a2, a1 = _spectra(first, shape)
    b, b2, b1 = _spectra(second, shape)
    products = [(a * b.conj()), (a2 * b1.conj()), (a1 * b2.conj()), (a1 * b1.conj())]
    both, left, right, count = (fft.irfft2(p.sum(axis=0), shape) for p in products)
    # At [-s] stands the sum over p of first[p] second[p + s].
    rows, columns = (np.arange(-r, r + 1) for r in reach)
    at = np.ix_(-rows % shape[0], -columns % shape[1])
    score = both[at] / np.sqrt(np.maximum(left[at] * right[at], 1e-6))
    enough = count[at] >= _LEAST_SHARE * count.max()
    inside = np.hypot(rows[:, None] * spacing[0], columns * spacing[1]) <= SEARCH_MM
    score = np.where(enough & inside, score, -1)
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    return np.array([rows[row], columns[column]], float)


def _spectra(details: _Covered, shape: list[int]) -> tuple[NDArray[np.complex64], ...]:
    values, covered = details.values, details.covered.astype(np.float32)
    return tuple(fft.rfft2(image, shape) for image in (values, values * values, covered))


def _shifted(details: _Covered, shift: Array) -> _Covered:
    """Read at p + s."""
    values = np.empty_like(details.values)
    for index, plane in enumerate(details.values):
        values[index] = ndimage.shift(plane, -shift, order=3, mode="nearest")
    weight = details.covered.astype(np.float32)
    whole = np.stack([ndimage.shift(plane, -shift, order=1, cval=0) for plane in weight])
    covered = whole > 0.999
    return _Covered(values * covered, covered)


def _refined(first: _Covered, second: _Covered, start: Array) -> Array:
    """Least squares of first - second, whose gain is that of the two in the overlap."""
    shift = start.copy()
    for _ in range(_STEPS):
        step = _step(first, _shifted(second, shift))
        if step is None:
            return shift
        step = np.clip(step, -1, 1)
        shift += step
        if np.abs(shift - start).max() > 3:
            return start
        if np.abs(step).max() < 0.01:
            break
    return shift


def _left_over(upper: _Covered, lower: _Covered, sizes_mm: tuple[float, float, float]) -> Array:
    """Further shift once both are equally bright.

    A coil that dims toward the end of its station pulls what is smooth toward the bright side, in
    the two stations to opposite sides; freed of their ratio, both are pulled alike.
    """
    both = upper.covered & lower.covered
    if not both.any():
        return np.zeros(2)
    ratio = brightness_ratio(upper.values, lower.values, both, sizes_mm)
    shape = (both.shape[1], both.shape[2])
    alike = np.stack([
        plane * np.exp(ratio.of_slice(index, shape)) for index, plane in enumerate(lower.values)
    ])  # fmt: skip
    pair = (_Covered(values * both, both) for values in (upper.values, alike))
    first, second = (_details(one, sizes_mm) for one in pair)
    return _refined(first, second, np.zeros(2))


def _step(first: _Covered, second: _Covered) -> Array | None:
    """Further shift that makes the second fit the first."""
    a, b = first.values, second.values
    both = first.covered & second.covered
    inner = ndimage.binary_erosion(both, np.ones((1, 3, 3), bool))
    if inner.sum() < 50:
        return None
    down, along = np.gradient(0.5 * (a + b), axis=(1, 2))
    d, e = down[inner].astype(float), along[inner].astype(float)
    gain = float((a[inner] * b[inner]).sum() / max((b[inner] ** 2).sum(), 1e-9))
    rest = a[inner].astype(float) - min(max(gain, 0.5), 2.0) * b[inner]
    normal = np.array([[d @ d, d @ e], [d @ e, e @ e]])
    if np.linalg.det(normal) < 1e-3 * normal[0, 0] * normal[1, 1] + 1e-9:
        return None
    return np.asarray(np.linalg.solve(normal, [d @ rest, e @ rest]))


def _correlation(first: _Covered, second: _Covered) -> float:
    both = first.covered & second.covered
    a, b = first.values[both].astype(float), second.values[both].astype(float)
    if a.size < 50:
        return float("nan")
    return float(a @ b / math.sqrt(max((a @ a) * (b @ b), 1e-12)))


def _agreement(first: _Covered, second: _Covered, spacing: tuple[float, float]) -> float:
    """Correlation that three quarters of the parts reach; parts without details do not count."""
    both = first.covered & second.covered
    height, width = (max(1, round(size / s)) for size, s in zip(_PART_MM, spacing, strict=True))
    a, b = (one.values.astype(float) * both for one in (first, second))
    count, ab, aa, bb = (
        _part_sums(image, height, width) for image in (both.astype(float), a * b, a * a, b * b)
    )
    enough = count >= min(_LEAST_VOXELS, float(count.max()))
    power = np.sqrt(aa * bb) / np.maximum(count, 1)
    # Held against the richest parts: beside a slim patient, most parts may be air.
    rich = float(np.quantile(power[enough], _RICH_QUANTILE))
    detailed = enough & (power > _FLAT_SHARE * rich) & (power > 0)
    if not detailed.any():
        return float("nan")
    parts = ab[detailed] / np.sqrt(aa[detailed] * bb[detailed])
    return float(np.quantile(parts, _AGREEMENT_QUANTILE))


def _part_sums(image: Array, height: int, width: int) -> Array:
    """Sums over all slices in parts of so many rows and columns."""
    plane = image.sum(axis=0)
    rows, columns = (np.arange(0, n, size) for n, size in zip(plane.shape, (height, width),
                                                              strict=True))  # fmt: skip
    return np.asarray(np.add.reduceat(np.add.reduceat(plane, rows, axis=0), columns, axis=1))


def _across(first: _Covered, second: _Covered) -> float:
    """The best correlation with the next slices; a patient moved sideways fits those better."""
    if len(first.values) < 3:
        return float("nan")
    later = (_Covered(one.values[1:], one.covered[1:]) for one in (first, second))
    sooner = (_Covered(one.values[:-1], one.covered[:-1]) for one in (first, second))
    (first_later, second_later), (first_sooner, second_sooner) = tuple(later), tuple(sooner)
    return max(_correlation(first_later, second_sooner), _correlation(first_sooner, second_later))


def _part_shifts(first: _Covered, second: _Covered) -> list[Array]:
    """Further shifts of parts of the overlap, side by side along the columns and in slices."""
    both = first.covered & second.covered
    rows, columns = (np.flatnonzero(both.any(axis=axes)) for axes in ((0, 2), (0, 1)))
    if not rows.size or not columns.size:
        return []
    cuts = np.linspace(columns[0], columns[-1] + 1, _PARTS + 1).astype(int)
    thirds = np.array_split(np.arange(len(first.values)), min(2, len(first.values)))
    shifts = []
    for third in thirds:
        for left, right in pairwise(cuts):
            slices, high = slice(third[0], third[-1] + 1), slice(rows[0], rows[-1] + 1)
            a, b = (one.part(slices, high, slice(left, right)) for one in (first, second))
            step = _step(a, b) if float((a.values**2).mean()) > _LEAST_DETAIL else None
            if step is not None:
                shifts.append(step)
    return shifts


def _spread(parts: list[Array], spacing: tuple[float, float]) -> float:
    if len(parts) < 2:
        return float("nan")
    apart = (np.array(parts) - np.median(parts, axis=0)) * np.array(spacing)
    return float(np.sqrt((apart**2).sum(axis=1).mean()))
