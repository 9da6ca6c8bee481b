"""The final region of interest: box and reference line fused into one pose, and their agreement.

Each sees another part of the callosum: the box the whole outline, the line its inferior
border. Their mean is steadier than either, and their distance tells how far to trust it.
"""

import math
from dataclasses import dataclass

from callosal.pipelines.geometry.plane_angles import axis_difference_deg, wrap_axis_deg
from callosal.pipelines.geometry.reference_line import ReferenceLine
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.settings import FusionSettings


@dataclass(frozen=True)
class FusedRoi:
    """The final region and how far its two sources lie apart.

    Attributes:
        roi: Centre and angle fused, size of the box with margins.
        angle_difference_deg: Box minus line, in (-90, 90].
        shift_mm: Line's centre from the box's, along the box, positive toward anterior.
    """

    roi: RotatedBox
    angle_difference_deg: float
    shift_mm: float


def axial_mean_deg(first_deg: float, second_deg: float, first_weight: float = 0.5) -> float:
    """Weighted mean of the angles of two axes, in (-90, 90], the short way round.

    Two axes at right angles have two means; the one reached counter-clockwise from the second
    is given.

    >>> axial_mean_deg(89.0, -89.0)
    90.0
    >>> round(axial_mean_deg(-6.520, -5.024), 9)
    -5.772
    """
    return wrap_axis_deg(second_deg + first_weight * axis_difference_deg(first_deg, second_deg))


def agreement(box: RotatedBox, line: ReferenceLine, settings: FusionSettings) -> float:
    """How well box and line tell the same pose: 1 when they do, toward 0 as they part.

    exp(-(a^2 + s^2) / 2) of the angle between the two, a, and the shift of their centres along
    the box, s, each in units of its scale. The distance across the box is left out: the
    subcallosal line runs under the callosum by half its height by nature.

    A box of least area rests on the lower side of the outline's hull. It has the angle of the
    subcallosal line unless something thin, such as a spike of the rostrum, holds it off; then
    the two part, and the agreement tells. The endpoints and the principal axis are witnesses
    that do not rest on the same side.
    """
    a = axis_difference_deg(box.angle_deg, line.angle_deg) / settings.angle_scale_deg
    s = _shift_mm(box, line) / (settings.shift_scale * box.size_mm[0])
    return math.exp(-(a * a + s * s) / 2)


def fuse(box: RotatedBox, line: ReferenceLine, settings: FusionSettings) -> FusedRoi:
    """Weighted mean of centre and angle of box and line; size from the box with margins."""
    weight = settings.box_weight
    x, y = (
        weight * b + (1 - weight) * c for b, c in zip(box.center_mm, line.center_mm, strict=True)
    )
    angle = axial_mean_deg(box.angle_deg, line.angle_deg, weight)
    return FusedRoi(
        roi=RotatedBox((x, y), box.size_mm, angle).with_margin(settings.margin_mm),
        angle_difference_deg=axis_difference_deg(box.angle_deg, line.angle_deg),
        shift_mm=_shift_mm(box, line),
    )


def _shift_mm(box: RotatedBox, line: ReferenceLine) -> float:
    """The line's centre from the box's, along the box, positive toward anterior."""
    return float(box.to_frame_mm(line.center_mm)[0])
