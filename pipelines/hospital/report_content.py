"""The content of the plan report: which measurement groups a plan document comes to."""

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import numpy as np
from highdicom.sr import CodedConcept, Measurement, MeasurementProperties, QualitativeEvaluation
from numpy.typing import NDArray
from pydicom.sr.codedict import codes

from callosal.models.errors import InputError
from callosal.pipelines.geometry.reference_line import LineKind
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.hospital import concepts
from callosal.pipelines.hospital.report_group import Group, GroupMaker, say
from callosal.pipelines.pictures.reason_words import assumed_words
from callosal.pipelines.planning.plan_file import FinalPose, Plan, PlannedLine, PlannedStack
from callosal.pipelines.planning.protocol_words import protocol_words

Array = NDArray[np.float64]
_COSINES = tuple(
    getattr(codes.DCM, f"ImageOrientationPatient{side}{axis}")
    for side in ("Row", "Column")
    for axis in "XYZ"
)


def plan_groups(plan: Plan, contour_mm: Array, make: GroupMaker, comment: str) -> list[Group]:
    """All groups of a plan, in the order in which people read them.

    Args:
        plan: A plan with a pose.
        contour_mm: Outline of the callosum in the midsagittal slice, shape (N, 2).
        make: Makes each group.
        comment: What a reviewer says of the pose; "" for nothing.

    Raises:
        InputError: The plan has no pose (`no_plan`).
    """
    line, box, final, stacks = plan.line, plan.box, plan.final, plan.planes
    if line is None or box is None or final is None or stacks is None:
        raise InputError(f"plan: status {plan.status} holds no pose to report", "no_plan")
    return [
        _callosum(plan.morphometry or {}, contour_mm, make),
        *_ends(line, make),
        _line(line, make),
        _box(box, make),
        _final(plan, final, make, comment),
        *(_stack(name, stack, make) for name, stack in stacks.by_name().items()),
    ]


def _callosum(measures: Mapping[str, Any], contour_mm: Array, make: GroupMaker) -> Group:
    named = (
        (concepts.AREA, "area_mm2", concepts.SQUARE_MILLIMETER),
        (concepts.MIDLINE_LENGTH, "midline_length_mm", concepts.MILLIMETER),
        (concepts.MEAN_THICKNESS, "thickness_mean_mm", concepts.MILLIMETER),
        (concepts.CC_INDEX, "cc_index", concepts.UNITY),
    )
    found = [
        Measurement(name, float(measures[key]), unit)
        for name, key, unit in named
        if measures.get(key) is not None
    ]
    outline = make.place.mm_to_lps(contour_mm)
    return make.region("corpus callosum", concepts.CALLOSUM, outline, found)


def _ends(line: PlannedLine, make: GroupMaker) -> list[Group]:
    """Genu and splenium, where the line has its ends on them."""
    match line.kind:
        case LineKind.SUBCALLOSAL | LineKind.ENDPOINTS:
            ends = (
                ("genu", concepts.GENU, line.start_mm),
                ("splenium", concepts.SPLENIUM, line.end_mm),
            )
            return [make.point(name, finding, point) for name, finding, point in ends]
        case LineKind.PRINCIPAL_AXIS:
            return []
        case _:
            assert_never(line.kind)


def _line(line: PlannedLine, make: GroupMaker) -> Group:
    ends_mm = np.array([line.start_mm, line.end_mm])
    length_mm = float(round(np.linalg.norm(ends_mm[1] - ends_mm[0]), 4))
    along = [make.coordinates("POLYLINE", ends_mm)]
    return make.measured(
        "reference line",
        concepts.LINES[line.kind],
        [
            Measurement(
                concepts.LENGTH, length_mm, concepts.MILLIMETER, referenced_coordinates=along
            ),
            Measurement(concepts.ANGLE, float(line.angle_deg), concepts.DEGREE),
        ],
    )


def _box(box: RotatedBox, make: GroupMaker) -> Group:
    length_mm, width_mm = box.size_mm
    found = [
        Measurement(concepts.LENGTH, float(length_mm), concepts.MILLIMETER),
        Measurement(concepts.WIDTH, float(width_mm), concepts.MILLIMETER),
        Measurement(concepts.ANGLE, float(box.angle_deg), concepts.DEGREE),
    ]
    corners_mm = _rectangle(np.array(box.center_mm), _axes(box.angle_deg), (length_mm, width_mm))
    return make.region("box", concepts.BOX, make.place.mm_to_lps(corners_mm), found)


def _final(plan: Plan, final: FinalPose, make: GroupMaker, comment: str) -> Group:
    center = [make.coordinates("POINT", np.array([final.center_mm]))]
    bars = plan.uncertainty or {}
    found = [
        Measurement(
            concepts.ANGLE,
            float(final.angle_deg),
            concepts.DEGREE,
            referenced_coordinates=center,
            properties=_within(bars.get("angle95_deg")),
        ),
        Measurement(concepts.CONFIDENCE, float(plan.confidence or 0), concepts.UNITY),
        Measurement(concepts.DOF, float(plan.dof_estimated or 0), concepts.UNITY),
    ]
    status = concepts.STATUSES[plan.status]
    group = make.measured(
        "final pose",
        concepts.FINAL,
        found,
        [QualitativeEvaluation(name=concepts.STATUS, value=status)],
    )
    if plan.planes is not None and plan.planes.transverse.assumed:
        say(group, f"Plan: {assumed_words(plan.planes.transverse.assumed)}.")
    after = protocol_words(plan.document)
    if after:
        say(group, f"Protocol {after}.")
    if bars.get("angle95_deg") is not None:
        say(group, _bars_said(bars))
    missing = plan.finding.missing
    without = f", without {', '.join(missing)}" if missing else ""
    say(group, f"Callosum: {plan.finding.kind}{without}.".replace("_", " "))
    for reason in plan.reasons:
        say(group, f"reason: {reason}")
    if comment:
        say(group, f"reviewer: {comment}")
    say(group, "Angles: tilt in the midsagittal plane, positive with the anterior end higher.")
    say(group, "Research software; not a medical device; not for diagnosis.")
    return group


def _within(bar_deg: float | None) -> MeasurementProperties | None:
    """The range of uncertainty of an angle, to both sides."""
    if bar_deg is None:
        return None
    bounds = MeasurementProperties(
        upper_measurement_uncertainty=float(bar_deg), lower_measurement_uncertainty=float(bar_deg)
    )
    degree = CodedConcept.from_code(concepts.DEGREE)
    for bound in bounds:  # highdicom writes them without a unit
        bound.MeasuredValueSequence[0].MeasurementUnitsCodeSequence = [degree]
    return bounds


def _bars_said(bars: Mapping[str, Any]) -> str:
    """The error bars in words."""
    plane = bars.get("plane95_deg")
    beside = "" if plane is None else f", midsagittal plane {plane:.1f} degrees"
    return (
        f"Error bars, for 95 % of cases like this one: angle {bars['angle95_deg']:.1f} degrees, "
        f"centre {bars['centre95_mm']:.1f} mm{beside}."
    )


def _stack(name: str, stack: PlannedStack, make: GroupMaker) -> Group:
    cosines = stack.image_orientation_patient
    directions = np.reshape(cosines, (2, 3))
    corners = _rectangle(np.array(stack.center_lps_mm), directions, stack.fov_mm)
    distance_mm = float(round(stack.thickness_mm + stack.gap_mm, 4))
    along_rows_mm, along_columns_mm = stack.fov_mm
    found = [
        Measurement(codes.DCM.SliceThickness, float(stack.thickness_mm),
                    concepts.MILLIMETER),
        Measurement(codes.DCM.SpacingBetweenSlices, distance_mm, concepts.MILLIMETER),
        Measurement(concepts.N_SLICES, float(stack.n_slices), concepts.UNITY),
        Measurement(concepts.FOV_ROWS, float(along_rows_mm), concepts.MILLIMETER),
        Measurement(concepts.FOV_COLUMNS, float(along_columns_mm), concepts.MILLIMETER),
        *(Measurement(code, float(value), concepts.UNITY)
          for code, value in zip(_COSINES, cosines, strict=True)),
    ]  # fmt: skip
    shown = f"{name} stack {stack.prescription}"
    group = make.region(f"{name} stack", concepts.STACKS[name], corners, found, shown)
    say(group, f"{name}: {stack.prescription}")
    if stack.assumed:
        say(group, f"{name}: {assumed_words(stack.assumed)}")
    return group


def _axes(angle_deg: float) -> Array:
    """Unit vectors along and across an axis in the slice, as rows, shape (2, 2)."""
    turn = np.radians(angle_deg)
    return np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def _rectangle(center: Array, axes: Array, size_mm: Sequence[float]) -> Array:
    """Corners of a rectangle in turn, shape (4, D)."""
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) / 2
    return np.asarray(center + (signs * np.asarray(size_mm)) @ axes)
