"""From a segmented callosum to its pose and the three stacks."""

from dataclasses import dataclass

from highdicom import Volume

from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.geometry.fusion import FusedRoi, agreement, fuse
from callosal.pipelines.geometry.reference_line import LineKind, ReferenceLine, find_reference_line
from callosal.pipelines.planning.head_extent import reach_of_head_mm
from callosal.pipelines.planning.plan import ScanPlan, make_plan, plan_axes
from callosal.pipelines.settings import Settings


@dataclass(frozen=True, eq=False)
class Pose:
    """The pose of a callosum and the plan that follows from it.

    Attributes:
        line: The reference line of the settings.
        fused: Box and line as one.
        agreement: How well the box and the principal axis agree, 0 to 1. The axis is the second
            witness: the subcallosal line rests on the same border as the box.
        plan: The three stacks.
    """

    line: ReferenceLine
    fused: FusedRoi
    agreement: float
    plan: ScanPlan


def find_pose(callosum: Callosum, head: Volume, settings: Settings) -> Pose:
    """Line, final ROI and the three stacks of a callosum.

    Args:
        callosum: What was found on the midsagittal slice.
        head: Coarse mask of `find_head`.
        settings: How to plan.

    Raises:
        GeometryError: The outline is degenerate.
    """
    line = find_reference_line(settings.line, callosum.contour_mm, callosum.box)
    axis = find_reference_line(LineKind.PRINCIPAL_AXIS, callosum.contour_mm, callosum.box)
    fused = fuse(callosum.box, line, settings.fusion)
    place = callosum.slice_image
    axes = plan_axes(place, fused.roi.angle_deg)
    extent = reach_of_head_mm(head, axes, place.mm_to_lps(fused.roi.center_mm))
    return Pose(
        line,
        fused,
        agreement(callosum.box, axis, settings.fusion),
        make_plan(place, fused.roi, extent, settings.plan),
    )
