"""The callosum of a localizer, found on its thick sagittal slices and brought to the midplane.

The network outlines the midsagittal callosum as it projects onto a thick slice near the plane, so
its map is moved back along the normal of the plane. Slices count by their distance from the plane,
two to either side of it equally.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import expit, logit

from callosal.export.runtime import Segmenter
from callosal.models.errors import GeometryError
from callosal.pipelines.callosum.quality import Quality, Range
from callosal.pipelines.callosum.segmentation import Callosum, find_callosa, outline_callosum
from callosal.pipelines.case.neighbours import Spread
from callosal.pipelines.case.off_midline import OFF_MM
from callosal.pipelines.geometry.plane_angles import axis_difference_deg
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.localizer_volumes import LocalizerVolumes
from callosal.pipelines.midplane.midsagittal import MidsagittalPlane
from callosal.pipelines.midplane.resample import Array
from callosal.pipelines.midplane.sagittal_slice import (
    INFERIOR_LPS,
    NativePlane,
    cut_slice,
    sagittal_directions,
)

FIELD_MM: Final = 200.0
"""Side of the part of a slice that the network sees, about the middle of the head."""

MOST_SLICES: Final = 3
"""The slices nearest to the plane that are looked at."""

_LEAST_TRUST: Final = 0.2
"""What a slice counts at least: a doubtful one beside the plane says more than a sure one far off,
where part of the callosum may be out of sight."""

_LEAST_PROBABILITY: Final = 0.01
"""No slice is surer than this, so that none outvotes the others."""

DOUBT_POWER: Final = 1.5
"""Power of the confidence in the outline: a volume has neighbouring slices that bear witness, a
localizer has none. Set on 72 made scouts of six heads, none of them a test head: with 1, one of
five `ok` plans of an atrophied head in voxels of 2 mm was 3.5 degrees off; with 1.5 none of the
three was more than 0.8."""


SPREAD_DEG: Final = Range(-1.0, 0.0, 2.5, 7.5)
"""How far the angle may differ between the sagittal slices: those of one scout show one callosum,
so they should agree more closely than slices 4 mm apart of a volume. Added for one scout of a head
that the figures are measured on."""


@dataclass(frozen=True, eq=False)
class SliceWitness:
    """What one sagittal slice says of the midsagittal callosum.

    Attributes:
        callosum: What was found on the slice as it was acquired.
        off_mm: Distance of its box's centre from the midsagittal plane.
        weight: Share in the answer, 0 to 1.
    """

    callosum: Callosum
    off_mm: float
    weight: float


@dataclass(frozen=True, eq=False)
class LocalizerCallosum:
    """The callosum on the midsagittal plane of a localizer.

    Attributes:
        callosum: Outline on the plane; its picture is the nearest slice, moved onto the plane.
        witnesses: The slices it was found on, nearest first.
        spread: Weighted deviation of box and angle between the slices; None for one slice.
    """

    callosum: Callosum
    witnesses: tuple[SliceWitness, ...]
    spread: Spread | None


def sagittal_slices(
    images: LocalizerVolumes, plane: MidsagittalPlane, spacing_mm: float
) -> tuple[SliceImage, ...]:
    """The sagittal slices nearest to the plane at the middle of the head, as acquired.

    Args:
        images: The localizer.
        plane: Its midsagittal plane.
        spacing_mm: Pixel size wanted.

    Returns:
        Slices of one shape, the nearest first.
    """
    found = []
    for stack in images.sagittal:
        for index in range(stack.spatial_shape[0]):
            single = stack[index : index + 1]
            middle = _middle_lps_mm(single)
            normal = single.affine[:3, 0] / np.linalg.norm(single.affine[:3, 0])
            normal = -normal if normal[0] > 0 else normal
            off_mm = abs(float((plane.point_lps_mm - middle) @ normal))
            found.append((off_mm, single, normal))
    found.sort(key=lambda one: one[0])
    slices = []
    for _, single, normal in found[:MOST_SLICES]:
        middle = _middle_lps_mm(single)
        # The point of the slice that lies beside the middle of the head.
        point = plane.point_lps_mm - ((plane.point_lps_mm - middle) @ normal) * normal
        try:
            native = NativePlane(point, normal)
            slices.append(
                cut_slice(single, native, spacing_mm, FIELD_MM, inferior=_inferior(single))
            )
        except GeometryError:
            continue
    return _one_shape(slices)


def find_localizer_callosum(
    slices: Sequence[SliceImage],
    distance_mm: float,
    plane: MidsagittalPlane,
    segmenter: Segmenter,
) -> LocalizerCallosum | None:
    """The midsagittal callosum of a localizer, or None where no slice shows one.

    Args:
        slices: As of `sagittal_slices`.
        distance_mm: Distance of the sagittal slices.
        plane: The midsagittal plane.
        segmenter: Opened model.
    """
    if not slices:
        return None
    found = [one for one in find_callosa(slices, segmenter) if one is not None]
    witnesses = _weighed(found, plane, distance_mm)
    if not witnesses:
        return None
    place = _plane_grid(witnesses, plane, segmenter.contract.spacing_mm)
    maps = [_moved(one.callosum.component, one.callosum.slice_image, place) for one in witnesses]
    weights = np.array([one.weight for one in witnesses])
    share = _pooled(maps, weights)
    nearest = witnesses[0].callosum.slice_image
    place = replace(
        place,
        pixels=_moved(nearest.pixels, nearest, place),
        source_voxel_mm=nearest.source_voxel_mm,
    )
    outlined = outline_callosum(share, place)
    if outlined is None:
        return None
    # How far the nearest slice lies from the plane: the rest of the callosum was not seen.
    quality = _alone(outlined.quality).lowered(OFF_MM.score(witnesses[0].off_mm), "off_midline")
    alone = [outline_callosum(one, place) for one in maps]
    spread = _spread(alone, outlined, weights)
    if spread is not None and spread.angle_deg is not None:
        quality = quality.lowered(SPREAD_DEG.score(spread.angle_deg), "neighbours_disagree")
    return LocalizerCallosum(replace(outlined, quality=quality), tuple(witnesses), spread)


def _alone(quality: Quality) -> Quality:
    """A quality in which every doubt about the outline counts more than on a volume."""
    return replace(quality, confidence=quality.confidence**DOUBT_POWER)


def _pooled(maps: Sequence[NDArray[np.float32]], weights: Array) -> NDArray[np.float32]:
    """One map of several by their log odds: the border of two lies between theirs, and is as sharp.

    A mean of probabilities would be a half wherever two outlines differ: a blurred border.
    """
    bounded = np.clip(np.stack(maps), _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    return expit(np.tensordot(weights, logit(bounded), 1)).astype(np.float32)


def _weighed(
    found: Sequence[Callosum], plane: MidsagittalPlane, distance_mm: float
) -> list[SliceWitness]:
    """The slices that count, nearest to the plane first; weights add up to 1."""
    if not found:
        return []
    off_mm = np.array([_off_mm(one, plane) for one in found])
    confidence = np.array([one.quality.confidence for one in found])
    width_mm = max(3.0, distance_mm / 2)
    weights = np.exp(-0.5 * (off_mm / width_mm) ** 2) * np.maximum(confidence, _LEAST_TRUST)
    weights = np.where(weights >= 0.05 * weights.max(), weights, 0.0)
    weights /= weights.sum()
    order = np.argsort(off_mm)
    return [
        SliceWitness(found[i], float(off_mm[i]), float(weights[i])) for i in order if weights[i] > 0
    ]


def _off_mm(callosum: Callosum, plane: MidsagittalPlane) -> float:
    center = callosum.slice_image.mm_to_lps(callosum.box.center_mm)
    return abs(float((center - plane.point_lps_mm) @ plane.normal))


def _plane_grid(
    witnesses: Sequence[SliceWitness], plane: MidsagittalPlane, spacing_mm: float
) -> SliceImage:
    """An empty slice on the plane, of the size of those that were looked at."""
    weights = np.array([one.weight for one in witnesses])
    centers = np.array([one.callosum.slice_image.center_lps_mm for one in witnesses])
    center = weights @ centers
    center = center - ((center - plane.point_lps_mm) @ plane.normal) * plane.normal
    row_dir, col_dir = sagittal_directions(plane.normal)
    return SliceImage(
        np.zeros_like(witnesses[0].callosum.slice_image.pixels),
        (spacing_mm, spacing_mm),
        center,
        row_dir,
        col_dir,
    )


def _moved(
    values: NDArray[np.floating], source: SliceImage, place: SliceImage
) -> NDArray[np.float32]:
    """Values of a slice moved along the normal of a plane onto the plane; 0 beyond the slice."""
    index = np.moveaxis(np.indices(place.pixels.shape), 0, -1)
    points = place.pixels_to_lps(index)
    height = (source.center_lps_mm - points) @ source.normal / (place.normal @ source.normal)
    at = source.mm_to_pixels(source.lps_to_mm(points + height[..., None] * place.normal))
    moved: NDArray[np.float32] = ndimage.map_coordinates(
        values.astype(np.float32), np.moveaxis(at, -1, 0), order=1, cval=0.0
    )
    return moved


def _spread(alone: Sequence[Callosum | None], together: Callosum, weights: Array) -> Spread | None:
    pairs = [(one, weight) for one, weight in zip(alone, weights, strict=True) if one is not None]
    if len(pairs) < 2:
        return None
    shares = np.array([weight for _, weight in pairs])
    shares /= shares.sum()
    box = together.box
    angles = [axis_difference_deg(one.box.angle_deg, box.angle_deg) for one, _ in pairs]
    centers = [np.subtract(one.box.center_mm, box.center_mm) for one, _ in pairs]
    return Spread(
        angle_deg=float(np.sqrt(shares @ np.square(angles))),
        center_mm=float(np.sqrt(shares @ np.sum(np.square(centers), axis=1))),
    )


def _inferior(volume: Volume) -> Array:
    """The direction of rows or columns of a stack that is nearest to the patient's inferior."""
    axes = np.array(volume.affine[:3, 1:3]) / np.array(volume.spacing[1:])
    along = INFERIOR_LPS @ axes
    nearest = int(np.argmax(np.abs(along)))
    return np.asarray(np.sign(along[nearest]) * axes[:, nearest])


def _middle_lps_mm(volume: Volume) -> Array:
    index = (np.array(volume.spatial_shape) - 1) / 2
    return np.asarray(volume.affine[:3, :3] @ index + volume.affine[:3, 3])


def _one_shape(slices: Sequence[SliceImage]) -> tuple[SliceImage, ...]:
    """Slices filled up with zeros to one shape, as the network takes them together."""
    if not slices:
        return ()
    height, width = np.max([one.pixels.shape for one in slices], axis=0)
    return tuple(_filled(one, int(height), int(width)) for one in slices)


def _filled(one: SliceImage, height: int, width: int) -> SliceImage:
    rows, columns = height - one.pixels.shape[0], width - one.pixels.shape[1]
    if rows == 0 and columns == 0:
        return one
    pixels = np.pad(one.pixels, ((0, rows), (0, columns)))
    shift_mm = (-columns / 2 * one.spacing_mm[1], -rows / 2 * one.spacing_mm[0])
    return replace(one, pixels=pixels, center_lps_mm=one.mm_to_lps(shift_mm))
