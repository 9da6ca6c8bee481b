"""The pose on the slices beside the midsagittal one: how much it depends on the very slice.

A pose that turns from one slice to the next is not to be trusted; the spread over the
neighbours is given as its uncertainty.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

from callosal.export.runtime import Segmenter
from callosal.models.errors import GeometryError
from callosal.pipelines.callosum.quality import SURE
from callosal.pipelines.callosum.segmentation import Callosum, find_callosa, outline_callosum
from callosal.pipelines.case.localizer_slices import moved_onto
from callosal.pipelines.geometry.fusion import fuse
from callosal.pipelines.geometry.plane_angles import axis_difference_deg
from callosal.pipelines.geometry.reference_line import find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.sagittal_slice import NEIGHBOURS_MM, NativePlane, cut_slices
from callosal.pipelines.outline.pooled import pooled
from callosal.pipelines.pictures.neighbour_slab import slab_files
from callosal.pipelines.settings import Settings

Array = NDArray[np.float64]

WINDOW_MM: Final = 128.0

POOLED_MM: Final = 2.5
"""Standard deviation of the Gaussian by which a slice counts over its distance, where slices are
pooled: those at 2 mm count 0.73, those at 4 mm 0.28."""

LEAST_POOLED: Final = 4
"""Slices that must show a callosum: the midsagittal one and three of its four neighbours."""

POOLED_CONFIDENCE: Final = 0.8
"""What is left of the confidence if the midsagittal slice alone was in doubt."""


@dataclass(frozen=True)
class Spread:
    """Deviation of the final pose over the neighbouring slices that show a sure callosum.

    Others do not count: a few millimetres off the middle a callosum may end.

    Attributes:
        angle_deg: Root mean square difference of the final angle to that of the middle slice;
            None if no neighbour counts.
        center_mm: Root mean square distance of the final centres, in the plane; None likewise.
    """

    angle_deg: float | None
    center_mm: float | None


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The slices beside the midsagittal one, about the callosum alone.

    Attributes:
        slices: One for each of `NEIGHBOURS_MM`, toward the patient's right, with one pixel grid.
        found: The callosum on each; None where it shows none.
    """

    slices: tuple[SliceImage, ...]
    found: tuple[Callosum | None, ...]

    def files(self, callosum: Callosum) -> dict[str, bytes]:
        """Slices and masks as files, content by name; `callosum` is that of the middle slice."""
        empty = np.zeros_like(self.slices[0].pixels, np.uint8)
        masks = np.stack([empty if one is None else one.mask for one in self.found])
        return slab_files(callosum.slice_image, callosum.mask, self.slices, masks)


def find_neighbours(volume: Volume, callosum: Callosum, segmenter: Segmenter) -> Neighbours:
    """Find the callosum on slices up to 4 mm to either side.

    Only a window around the callosum is cut, which keeps the four slices as cheap as one: it is
    smaller than a close view, so the network looks at it once.

    Args:
        volume: The volume the slice was cut from.
        callosum: What was found on its midsagittal slice.
        segmenter: Opened model.
    """
    place = callosum.slice_image
    center_lps_mm = place.mm_to_lps(callosum.box.center_mm)
    plane = NativePlane(center_lps_mm, place.normal)
    slices = cut_slices(volume, plane, NEIGHBOURS_MM, segmenter.contract.spacing_mm, WINDOW_MM)
    return Neighbours(slices, tuple(find_callosa(slices, segmenter)))


def pooled_callosum(neighbours: Neighbours, callosum: Callosum) -> Callosum | None:
    """The callosum that the midsagittal slice and its neighbours show together, or None.

    Args:
        neighbours: Those of `find_neighbours`.
        callosum: What was found on the midsagittal slice.

    Returns:
        A callosum on the midsagittal slice; the reason `pooled_slices` lowers its confidence.
    """
    place = callosum.slice_image
    maps: list[NDArray[np.floating]] = [callosum.component]
    counts = [1.0]
    for offset_mm, one in zip(NEIGHBOURS_MM, neighbours.found, strict=True):
        if one is not None:
            maps.append(moved_onto(one.component, one.slice_image, place))
            counts.append(float(np.exp(-0.5 * (offset_mm / POOLED_MM) ** 2)))
    shares = np.array(counts)[:, None, None] / sum(counts)
    found = outline_callosum(pooled(maps, shares), place)
    if found is None or len(maps) < LEAST_POOLED:
        return None
    return replace(found, quality=found.quality.lowered(POOLED_CONFIDENCE, "pooled_slices"))


def pose_spread(
    neighbours: Neighbours, callosum: Callosum, final: RotatedBox, settings: Settings
) -> Spread:
    """Find the pose again on the neighbouring slices.

    Args:
        neighbours: Those of `find_neighbours`.
        callosum: What was found on the midsagittal slice.
        final: Its final ROI.
        settings: As for the middle slice.
    """
    place = callosum.slice_image
    found = [one for one in neighbours.found if one is not None and one.quality.confidence >= SURE]
    poses = [pose for one in found if (pose := _final(one, settings)) is not None]
    if not poses:
        return Spread(None, None)
    angles = [axis_difference_deg(roi.angle_deg, final.angle_deg) for roi, _ in poses]
    middle_lps_mm = place.mm_to_lps(final.center_mm)
    offsets = np.array([one.slice_image.mm_to_lps(roi.center_mm) for roi, one in poses])
    in_plane = place.lps_to_mm(offsets) - place.lps_to_mm(middle_lps_mm)
    return Spread(
        angle_deg=float(np.sqrt(np.mean(np.square(angles)))),
        center_mm=float(np.sqrt(np.mean(np.sum(in_plane**2, axis=1)))),
    )


def _final(callosum: Callosum, settings: Settings) -> tuple[RotatedBox, Callosum] | None:
    try:
        line = find_reference_line(settings.line, callosum.contour_mm, callosum.box)
    except GeometryError:
        return None
    return fuse(callosum.box, line, settings.fusion).roi, callosum
