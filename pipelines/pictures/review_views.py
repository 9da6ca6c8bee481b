"""What the review page shows of a case: the midsagittal slice, two reformats, and the head.

It is little, about half a megabyte, so that a plan can be corrected without the images; the
head as a coarse mask lets the corrected stacks cover it as the first ones did.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import highdicom
import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outputs.file_names import HEAD, MIDSAGITTAL, REFORMATS
from callosal.pipelines.pictures.label_image import slice_nifti_bytes
from callosal.pipelines.planning.head_extent import reach_of_head_mm
from callosal.pipelines.planning.plan import ScanPlan, Stack, make_plan, plan_axes
from callosal.pipelines.planning.reslice import nifti_bytes, reslice
from callosal.pipelines.settings import PlanSettings

PIXEL_MM = 1.0
LEVELS = 4096  # gray levels kept of a picture, as scanners store them


@dataclass(frozen=True, eq=False)
class ReviewViews:
    """Pictures of a case and the head they show.

    Attributes:
        midsagittal: The slice that the pose lies on.
        reformats: Transverse and coronal slice through the centre of the plan, in this order,
            as volumes of one slice; of a localizer the acquired slices nearest to the centre, None
            for an orientation without any; empty where there is only a slice.
        head: Coarse mask of `find_head`.
    """

    midsagittal: SliceImage
    reformats: tuple[highdicom.Volume | None, ...]
    head: highdicom.Volume


def reformats(volume: highdicom.Volume, plan: ScanPlan) -> tuple[highdicom.Volume, ...]:
    """The transverse and the coronal slice of a plan that pass through its centre."""
    return tuple(
        reslice(volume, _middle_slice(stack, plan), PIXEL_MM)
        for stack in (plan.transverse, plan.coronal)
    )


def nearest_slices(
    stacks: Sequence[highdicom.Volume], center_lps_mm: NDArray[np.float64]
) -> tuple[highdicom.Volume | None, highdicom.Volume | None]:
    """The acquired axial and the acquired coronal slice nearest to a point.

    Args:
        stacks: Stacks of any orientation, array axes (slice, row, column).
        center_lps_mm: The point, shape (3,).
    """
    nearest: dict[int, tuple[float, highdicom.Volume]] = {}
    for stack in stacks:
        normal = stack.affine[:3, 0] / stack.spacing[0]
        for index in range(stack.spatial_shape[0]):
            single = stack[index : index + 1]
            middle = (np.array(single.spatial_shape) - 1) / 2
            at = single.affine[:3, :3] @ middle + single.affine[:3, 3]
            off_mm = abs(float((at - center_lps_mm) @ normal))
            across = int(np.argmax(np.abs(normal)))
            if across not in nearest or off_mm < nearest[across][0]:
                nearest[across] = (off_mm, single)
    axial, coronal = nearest.get(2), nearest.get(1)
    return None if axial is None else axial[1], None if coronal is None else coronal[1]


def level_plan(midsagittal: SliceImage, head: highdicom.Volume) -> ScanPlan:
    """A plan through the middle of the slice, along its edges: where to look without a pose."""
    extent = reach_of_head_mm(head, plan_axes(midsagittal, 0.0), midsagittal.center_lps_mm)
    return make_plan(midsagittal, RotatedBox((0, 0), (80, 40), 0.0), extent, PlanSettings())


def view_files(views: ReviewViews) -> dict[str, bytes]:
    """Content of each file of the views by name."""
    place = views.midsagittal
    contents = {
        MIDSAGITTAL: slice_nifti_bytes(quantised(place.pixels), place),
        HEAD: nifti_bytes(views.head),
    }
    for name, picture in zip(REFORMATS, views.reformats, strict=False):
        if picture is not None:
            contents[name] = nifti_bytes(picture.with_array(quantised(picture.array)))
    return contents


def quantised(pixels: NDArray[np.float32]) -> NDArray[np.uint16]:
    """A picture in 4096 gray levels from its darkest to its brightest pixel.

    >>> quantised(np.array([-1.0, 0.0, 1.0], np.float32)).tolist()
    [0, 2048, 4095]
    """
    low, high = float(pixels.min()), float(pixels.max())
    scale = (LEVELS - 1) / (high - low) if high > low else 0.0
    return np.round((pixels - low) * scale).astype(np.uint16)


def _middle_slice(stack: Stack, plan: ScanPlan) -> Stack:
    """The slice of a stack that passes through the centre of the plan."""
    across_mm = (plan.center_lps_mm - stack.center_lps_mm) @ stack.normal
    center = stack.center_lps_mm + across_mm * stack.normal
    return replace(stack, center_lps_mm=center, n_slices=1)
