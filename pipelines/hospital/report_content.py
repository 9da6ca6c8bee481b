"""The content of the plan report: which measurement groups a plan document comes to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from highdicom.sr import Measurement, QualitativeEvaluation
from numpy.typing import NDArray
from pydicom.sr.codedict import codes

from callosal.pipelines.hospital import concepts
from callosal.pipelines.hospital.report_group import Group, GroupMaker, say
from callosal.pipelines.pictures.reason_words import assumed_words

Array = NDArray[np.float64]
_COSINES = tuple(
    getattr(codes.DCM, f"ImageOrientationPatient{side}{axis}")
    for side in ("Row", "Column")
    for axis in "XYZ"
)


def plan_groups(
    document: Mapping[str, Any], contour_mm: Array, make: GroupMaker, comment: str
) -> list[Group]:
    """All groups of a plan, in the order in which people read them.

    Args:
        document: Content of plan.json, with a plan.
        contour_mm: Outline of the callosum in the midsagittal slice, shape (N, 2).
        make: Makes each group.
        comment: What a reviewer says of the pose; "" for nothing.
    """
    return [
        _callosum(document["morphometry"] or {}, contour_mm, make),
        *_ends(document["line"], make),
        _line(document["line"], make),
        _box(document["box"], make),
        _final(document, make, comment),
        *(_stack(name, stack, make) for name, stack in document["planes"].items()),
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


def _ends(line: Mapping[str, Any], make: GroupMaker) -> list[Group]:
    """Genu and splenium, where the line has its ends on them."""
    if line["kind"] == "principal_axis":
        return []
    ends = (
        ("genu", concepts.GENU, line["start_mm"]),
        ("splenium", concepts.SPLENIUM, line["end_mm"]),
    )
    return [make.point(name, finding, point) for name, finding, point in ends]


def _line(line: Mapping[str, Any], make: GroupMaker) -> Group:
    ends_mm = np.array([line["start_mm"], line["end_mm"]])
    length_mm = float(round(np.linalg.norm(ends_mm[1] - ends_mm[0]), 4))
    along = [make.coordinates("POLYLINE", ends_mm)]
    return make.measured(
        "reference line",
        concepts.LINES[line["kind"]],
        [
            Measurement(
                concepts.LENGTH, length_mm, concepts.MILLIMETER, referenced_coordinates=along
            ),
            Measurement(concepts.ANGLE, float(line["angle_deg"]), concepts.DEGREE),
        ],
    )


def _box(box: Mapping[str, Any], make: GroupMaker) -> Group:
    length_mm, width_mm = box["size_mm"]
    found = [
        Measurement(concepts.LENGTH, float(length_mm), concepts.MILLIMETER),
        Measurement(concepts.WIDTH, float(width_mm), concepts.MILLIMETER),
        Measurement(concepts.ANGLE, float(box["angle_deg"]), concepts.DEGREE),
    ]
    corners_mm = _rectangle(
        np.array(box["center_mm"]), _axes(box["angle_deg"]), (length_mm, width_mm)
    )
    return make.region("box", concepts.BOX, make.place.mm_to_lps(corners_mm), found)


def _final(document: Mapping[str, Any], make: GroupMaker, comment: str) -> Group:
    final = document["final"]
    center = [make.coordinates("POINT", np.array([final["center_mm"]]))]
    found = [
        Measurement(
            concepts.ANGLE,
            float(final["angle_deg"]),
            concepts.DEGREE,
            referenced_coordinates=center,
        ),
        Measurement(concepts.CONFIDENCE, float(document["confidence"]), concepts.UNITY),
        Measurement(concepts.DOF, float(document["dof_estimated"]), concepts.UNITY),
    ]
    status = concepts.STATUSES[document["status"]]
    group = make.measured(
        "final pose",
        concepts.FINAL,
        found,
        [QualitativeEvaluation(name=concepts.STATUS, value=status)],
    )
    assumed = {angle: None for stack in document["planes"].values() for angle in stack["assumed"]}
    if assumed:
        say(group, f"Plan: {assumed_words(tuple(assumed))}.")
    finding = document["finding"]
    without = f", without {', '.join(finding['missing'])}" if finding["missing"] else ""
    say(group, f"Callosum: {finding['kind']}{without}.".replace("_", " "))
    for reason in document["reasons"]:
        say(group, f"reason: {reason}")
    if comment:
        say(group, f"reviewer: {comment}")
    say(group, "Angles: tilt in the midsagittal plane, positive with the anterior end higher.")
    say(group, "Research software; not a medical device; not for diagnosis.")
    return group


def _stack(name: str, stack: Mapping[str, Any], make: GroupMaker) -> Group:
    cosines = stack["image_orientation_patient"]
    directions = np.reshape(cosines, (2, 3))
    corners = _rectangle(np.array(stack["center_lps_mm"]), directions, stack["fov_mm"])
    distance_mm = float(round(stack["thickness_mm"] + stack["gap_mm"], 4))
    along_rows_mm, along_columns_mm = stack["fov_mm"]
    found = [
        Measurement(codes.DCM.SliceThickness, float(stack["thickness_mm"]),
                    concepts.MILLIMETER),
        Measurement(codes.DCM.SpacingBetweenSlices, distance_mm, concepts.MILLIMETER),
        Measurement(concepts.N_SLICES, float(stack["n_slices"]), concepts.UNITY),
        Measurement(concepts.FOV_ROWS, float(along_rows_mm), concepts.MILLIMETER),
        Measurement(concepts.FOV_COLUMNS, float(along_columns_mm), concepts.MILLIMETER),
        *(Measurement(code, float(value), concepts.UNITY)
          for code, value in zip(_COSINES, cosines, strict=True)),
    ]  # fmt: skip
    group = make.region(f"{name} stack", concepts.STACKS[name], corners, found)
    say(group, f"{name}: {stack['prescription']}")
    if stack["assumed"]:
        say(group, f"{name}: {assumed_words(stack['assumed'])}")
    return group


def _axes(angle_deg: float) -> Array:
    """Unit vectors along and across an axis in the slice, as rows, shape (2, 2)."""
    turn = np.radians(angle_deg)
    return np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def _rectangle(center: Array, axes: Array, size_mm: Sequence[float]) -> Array:
    """Corners of a rectangle in turn, shape (4, D)."""
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) / 2
    return np.asarray(center + (signs * np.asarray(size_mm)) @ axes)
