"""plan.mrk.json keeps the schema of Slicer's markups, and lies where the plan lies."""

import json

import numpy as np
import pytest
from jsonschema import Draft7Validator

from callosal.pipelines.planning.markups import markups_text
from callosal.pipelines.planning.plan_file import Plan
from tests.planning.test_plan_document import document

NUMBERS = {n: {"type": "array", "items": {"type": "number"}, "minItems": n, "maxItems": n}
           for n in (3, 4, 9, 16)}  # fmt: skip
POINT = {
    "type": "object",
    "required": ["id", "label", "position"],
    "properties": {
        "id": {"type": "string"},
        "label": {"type": "string"},
        "position": NUMBERS[3],
        "selected": {"type": "boolean"},
        "locked": {"type": "boolean"},
        "visibility": {"type": "boolean"},
        "positionStatus": {"enum": ["undefined", "preview", "defined"]},
    },
}
MARKUP = {
    "type": "object",
    "required": ["type", "name", "coordinateSystem", "coordinateUnits", "controlPoints"],
    "properties": {
        "type": {"enum": ["Fiducial", "Line", "Angle", "Curve", "ClosedCurve", "Plane", "ROI"]},
        "name": {"type": "string"},
        "coordinateSystem": {"enum": ["LPS", "RAS"]},
        "coordinateUnits": {"enum": ["mm", "um"]},
        "locked": {"type": "boolean"},
        "fixedNumberOfControlPoints": {"type": "boolean"},
        "labelFormat": {"type": "string"},
        "roiType": {"type": "string"},
        "planeType": {"type": "string"},
        "sizeMode": {"enum": ["auto", "absolute"]},
        "autoScalingSizeFactor": {"type": "number"},
        "center": NUMBERS[3],
        "normal": NUMBERS[3],
        "size": NUMBERS[3],
        "planeBounds": NUMBERS[4],
        "objectToBase": NUMBERS[16],
        "baseToNode": NUMBERS[16],
        "orientation": NUMBERS[9],
        "controlPoints": {"type": "array", "items": POINT, "minItems": 1},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["@schema", "markups"],
    "properties": {
        "@schema": {"type": "string", "pattern": r"markups-schema-v1\.0\.3\.json#$"},
        "markups": {"type": "array", "items": MARKUP},
    },
}
"""What the schema 1.0.3 of Slicer's Markups module asks of the parts that a plan uses."""

TURN = np.linspace(0, 6.2, 500)
CONTOUR = np.stack([30 * np.cos(TURN), 10 * np.sin(TURN)], axis=1)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan.from_document(document())


@pytest.fixture(scope="module")
def markups(plan):
    content = json.loads(markups_text(plan, CONTOUR))
    Draft7Validator(SCHEMA).validate(content)
    return {markup["name"]: markup for markup in content["markups"]}


def test_each_stack_is_a_plane_and_a_box(plan, markups):
    for name, planned in plan.planes.by_name().items():
        stack = planned.as_stack()
        plane = markups[f"{name} middle slice"]
        box = markups[f"{name} {planned.prescription}"]
        axes = np.reshape(box["orientation"], (3, 3))
        np.testing.assert_allclose(axes[:, 0], stack.row_dir, atol=1e-4)
        np.testing.assert_allclose(axes[:, 2], stack.normal, atol=1e-4)
        np.testing.assert_allclose(box["center"], stack.center_lps_mm, atol=1e-3)
        first, last = stack.slice_centers_lps_mm[[0, -1]]
        length = np.linalg.norm(last - first) + stack.thickness_mm
        assert box["size"] == pytest.approx([*stack.fov_mm, length], abs=1e-3)
        np.testing.assert_allclose(plane["normal"], stack.normal, atol=1e-4)
        pose = np.reshape(plane["baseToNode"], (4, 4))
        np.testing.assert_allclose(pose[:3, 3], plane["center"], atol=1e-6)
        assert plane["controlPoints"][0]["position"] == plane["center"]
        assert plane["size"][:2] == pytest.approx(stack.fov_mm)


def test_line_and_outline_lie_on_the_midsagittal_slice(plan, markups):
    place = plan.midsagittal
    ends = [point["position"] for point in markups["subcallosal line"]["controlPoints"]]
    expected = [plan.line.start_mm, plan.line.end_mm]
    np.testing.assert_allclose(place.lps_to_mm(ends), expected, atol=1e-3)
    outline = markups["corpus callosum"]
    points = np.array([point["position"] for point in outline["controlPoints"]])
    assert outline["type"] == "ClosedCurve"
    assert 40 < len(points) <= 80
    assert np.abs((points - place.center_lps_mm) @ place.normal).max() < 1e-3
    np.testing.assert_allclose(place.lps_to_mm(points[0]), CONTOUR[0], atol=1e-3)


def test_without_a_pose_there_is_nothing_to_open(plan):
    none = json.loads(markups_text(Plan.from_document({
        **document(), "planes": None, "line": None}), None))  # fmt: skip
    assert none["markups"] == []
