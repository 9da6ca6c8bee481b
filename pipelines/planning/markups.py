"""A plan as markups that 3D Slicer opens: stacks, their middle slices, line and outline.

The file format is that of Slicer's Markups module, schema 1.0.3: LPS, mm, matrices row by row. Of
an orientation the columns are the axes of the plane or box.
"""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from callosal.pipelines.planning.plan import SliceStack
from callosal.pipelines.planning.plan_file import Plan

Array = NDArray[np.float64]
Markup = dict[str, Any]

SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/"
    "Schema/markups-schema-v1.0.3.json#"
)
COLORS = {
    "transverse": (0.84, 0.37, 0.0),
    "coronal": (0.0, 0.62, 0.45),
    "sagittal": (0.34, 0.71, 0.91),
    "line": (0.0, 0.62, 0.45),
    "outline": (0.94, 0.89, 0.26),
}
MOST_POINTS = 80
"""Control points of the outline: each is drawn, and a person may move it."""


def markups_text(plan: Plan, contour_mm: ArrayLike | None) -> str:
    """Content of plan.mrk.json.

    Args:
        plan: A plan with a pose.
        contour_mm: Outline of the callosum on the midsagittal slice, shape (N, 2), or None.

    Returns:
        JSON with a plane and a box for each stack, the reference line, and the outline.
    """
    markups = [] if plan.planes is None else list(_stacks(plan.planes.by_name().items()))
    if plan.midsagittal is not None and plan.line is not None:
        ends = plan.midsagittal.mm_to_lps([plan.line.start_mm, plan.line.end_mm])
        markups.append(_markup("Line", f"{plan.line.kind} line", "line", ends))
    if plan.midsagittal is not None and contour_mm is not None:
        contour = np.asarray(contour_mm, dtype=float)
        every = max(1, -(-len(contour) // MOST_POINTS))
        points = plan.midsagittal.mm_to_lps(contour[::every])
        markups.append(_markup("ClosedCurve", "corpus callosum", "outline", points))
    return json.dumps({"@schema": SCHEMA, "markups": markups}, indent=1) + "\n"


def _stacks(stacks: Iterable[tuple[str, Any]]) -> Iterable[Markup]:
    """The middle slice of each stack as a plane, and its block of tissue as a box."""
    for name, planned in stacks:
        stack: SliceStack = planned.as_stack()
        axes = np.stack([stack.row_dir, stack.col_dir, stack.normal], axis=1)
        length_mm = (stack.n_slices - 1) * stack.slice_distance_mm + stack.thickness_mm
        middle = stack.slice_centers_lps_mm[stack.n_slices // 2]
        yield {
            **_markup("Plane", f"{name} middle slice", name, middle[None]),
            "planeType": "pointNormal",
            "sizeMode": "absolute",
            "autoScalingSizeFactor": 1.0,
            "center": _numbers(middle),
            "normal": _numbers(stack.normal),
            "size": _numbers([*stack.fov_mm, 0.0]),
            "planeBounds": _numbers(np.outer(stack.fov_mm, [-0.5, 0.5])),
            "objectToBase": _numbers(np.eye(4)),
            "baseToNode": _numbers(_pose(axes, middle)),
            "orientation": _numbers(axes),
        }
        yield {
            **_markup("ROI", f"{name} {planned.prescription}", name, stack.center_lps_mm[None]),
            "roiType": "Box",
            "insideOut": False,
            "center": _numbers(stack.center_lps_mm),
            "orientation": _numbers(axes),
            "size": _numbers([*stack.fov_mm, length_mm]),
        }


def _pose(axes: Array, center: Array) -> Array:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = axes, center
    return matrix


def _markup(kind: str, name: str, color: str, points_lps_mm: Array) -> Markup:
    return {
        "type": kind,
        "name": name,
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": True,
        "fixedNumberOfControlPoints": True,
        "labelFormat": "%N-%d",
        "controlPoints": [
            {"id": str(number), "label": f"{name}-{number}", "position": _numbers(point),
             "selected": True, "locked": True, "visibility": True, "positionStatus": "defined"}
            for number, point in enumerate(points_lps_mm, 1)
        ],
        "display": {
            "visibility": True,
            "opacity": 0.7,
            "color": list(COLORS[color]),
            "selectedColor": list(COLORS[color]),
            "propertiesLabelVisibility": kind != "ClosedCurve",
            "pointLabelsVisibility": False,
        },
    }  # fmt: skip


def _numbers(values: ArrayLike) -> list[float]:
    """Plain floats, row by row."""
    return [float(value) + 0.0 for value in np.round(np.asarray(values, dtype=float).ravel(), 5)]
