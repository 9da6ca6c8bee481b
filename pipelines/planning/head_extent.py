"""How far the head reaches from a point along the axes of a plan."""

from dataclasses import dataclass

import highdicom
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from callosal.models.errors import GeometryError

Array = NDArray[np.float64]
Six = tuple[float, float, float, float, float, float]

# An adult head around the middle of the callosum, scalp included: toward right, anterior,
# inferior (to the foramen magnum, not the neck), then left, posterior, superior.
ADULT_MM: Six = (80.0, 95.0, 85.0, 80.0, 110.0, 85.0)
# No head reaches farther; what does is neck, shoulder, hand or headphone.
LIMIT_MM: Six = (105.0, 125.0, 100.0, 105.0, 140.0, 115.0)
# No brain reaches farther: the MNI152 brain, itself a large one, and a tenth.
BRAIN_LIMIT_MM: Six = (78.0, 92.0, 90.0, 78.0, 112.0, 80.0)

_COARSE_MM = 4.0


@dataclass(frozen=True)
class HeadExtent:
    """Reach of the head from a centre along three axes (toward left, posterior, superior).

    Attributes:
        reach_mm: Toward right, anterior, inferior, left, posterior, superior; all above 0.
        measured: Which of the six were measured; the others are an adult's.
    """

    reach_mm: Six = ADULT_MM
    measured: tuple[bool, bool, bool, bool, bool, bool] = (False,) * 6

    @property
    def lower_mm(self) -> Array:
        """Reach toward right, anterior, inferior, shape (3,)."""
        return np.array(self.reach_mm[:3])

    @property
    def upper_mm(self) -> Array:
        """Reach toward left, posterior, superior, shape (3,)."""
        return np.array(self.reach_mm[3:])


def find_head(volume: highdicom.Volume) -> highdicom.Volume:
    """The head as a coarse mask in its place in the patient.

    Otsu's threshold separates air from tissue on a grid of about 4 mm; the largest piece is
    the head.

    Args:
        volume: MR volume, array of shape (slices, rows, columns) with its LPS affine.

    Returns:
        Volume of uint8, 1 in the head, in the same frame of reference.

    Raises:
        GeometryError: The volume is empty of signal.
    """
    spacing = np.array(volume.spacing)
    strides = np.maximum(1, np.floor(_COARSE_MM / spacing)).astype(int)
    coarse = volume.array[:: strides[0], :: strides[1], :: strides[2]].astype(np.float32)
    head = _largest_piece(coarse > _otsu_threshold(coarse))
    affine = np.array(volume.affine, dtype=float)
    affine[:3, :3] *= strides
    return highdicom.Volume(
        head.astype(np.uint8),
        affine,
        coordinate_system="PATIENT",
        frame_of_reference_uid=volume.frame_of_reference_uid,
    )


def reach_of_head_mm(
    head: highdicom.Volume, axes: ArrayLike, center_lps_mm: ArrayLike
) -> HeadExtent:
    """Reach of a head mask along three axes.

    Where the head leaves the volume (a thin slab, a cropped field) at least an adult's reach is
    taken and the side is marked as not measured; a neck is cut at the limit.

    Args:
        head: Mask of `find_head`.
        axes: Unit vectors toward left, posterior and superior as rows, shape (3, 3).
        center_lps_mm: Point from which the reach is counted, shape (3,).
    """
    index = np.argwhere(head.array)
    at_edge = ((index == 0) | (index == np.array(head.array.shape) - 1)).any(axis=1)
    affine = np.asarray(head.affine, dtype=float)
    lps_mm = index @ affine[:3, :3].T + affine[:3, 3]
    along = (lps_mm - np.asarray(center_lps_mm)) @ np.asarray(axes, dtype=float).T
    # Half a coarse voxel on each side: the centres of the outer voxels are not their borders.
    border = np.abs(np.asarray(axes) @ affine[:3, :3]).sum(axis=1) / 2
    outward = np.concatenate([-along, along], axis=1)
    sides = [
        _side(outward[:, i], border[i % 3], at_edge, ADULT_MM[i], LIMIT_MM[i]) for i in range(6)
    ]
    reach, measured = zip(*sides, strict=True)
    return HeadExtent(reach, measured)


def _side(
    outward: Array, border: float, at_edge: NDArray[np.bool_], adult: float, limit: float
) -> tuple[float, bool]:
    """Reach toward one side in mm, and whether it was measured."""
    farthest = float(outward.max())
    # The head leaves the volume on this side when the voxels of its outer shell lie on the edge.
    leaves = bool(at_edge[outward >= farthest - border].mean() > 0.5)
    reach = farthest + float(border)
    if reach > limit:
        return limit, False
    if leaves or reach <= 0:
        return max(reach, adult), False
    return reach, True


def _otsu_threshold(values: NDArray[np.float32]) -> float:
    """Threshold of greatest variance between two classes (Otsu 1979), on 128 bins to the 99 %."""
    top = float(np.quantile(values, 0.99))
    low = float(values.min())
    if not top > low:
        raise GeometryError(
            "head: the volume holds no signal; check that the series is an image", "empty_volume"
        )
    counts, edges = np.histogram(np.clip(values, low, top), bins=128, range=(low, top))
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(invalid="ignore", divide="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    # Half of it: scalp, cerebrospinal fluid and far coil ends are darker than the mean tissue.
    best = float(edges[1 + int(np.nanargmax(between[:-1]))])
    return low + 0.5 * (best - low)


def _largest_piece(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    opened = ndimage.binary_opening(mask) if min(mask.shape) > 2 else mask
    labels, count = ndimage.label(opened if opened.any() else mask)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    return np.asarray(labels == np.argmax(sizes))
