"""The page's geometry against Python's, number by number, run by node."""

import json
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from callosal.pipelines.geometry.plane_angles import drag_angle_deg, wrap_axis_deg
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.planning.head_extent import HeadExtent
from callosal.pipelines.planning.plan import make_plan
from callosal.pipelines.planning.plan_document import stack_entries
from callosal.pipelines.review.mask_entry import mask_entry, mask_of_entry
from callosal.pipelines.review.page_files import page_folder
from callosal.pipelines.review.picture_entry import place_entry
from callosal.pipelines.settings import PlanSettings


def node(script: str, given: object) -> object:
    """What a script of the page's modules prints for some input."""
    if shutil.which("node") is None:
        pytest.skip("no node: the page's geometry is not compared with Python's")
    program = (
        f"process.chdir({json.dumps(str(page_folder()))});"
        "const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "const load = (name) => import(require('url').pathToFileURL(name));"
        "(async () => {" + script + "})().then((r) => console.log(JSON.stringify(r)));"
    )
    done = subprocess.run(
        ["node", "-e", program], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def boxes(count: int) -> list[RotatedBox]:
    random = np.random.default_rng(3)
    return [
        RotatedBox(
            tuple(random.uniform(-60, 60, 2)),
            (float(random.uniform(40, 120)), float(random.uniform(6, 39))),
            float(random.uniform(-55, 55)),
        )
        for _ in range(count)
    ]


def entry(box: RotatedBox) -> dict[str, object]:
    return {"center_mm": box.center_mm, "size_mm": box.size_mm, "angle_deg": box.angle_deg}


def place(seed: int) -> SliceImage:
    """A slice tilted in the patient, its pixels not square."""
    random = np.random.default_rng(seed)
    normal = np.array([-1.0, 0, 0]) + random.uniform(-0.1, 0.1, 3)
    normal /= np.linalg.norm(normal)
    col_dir = np.cross(normal, [0.0, 1, 0.05])
    col_dir /= np.linalg.norm(col_dir)
    col_dir *= -np.sign(col_dir[2])
    center = random.uniform(-20, 20, 3)
    pixels = np.zeros((180, 150), np.float32)
    return SliceImage(pixels, (0.8, 1.1), center, np.cross(col_dir, normal), col_dir)


def test_angles_wrap_as_in_python():
    angles = [-270.0, -180, -90, -90 + 1e-9, -89.9, 0, 45, 89.9, 90, 90.1, 135, 180, 725.5]
    got = node(
        "const { wrapAxisDeg } = await load('geometry.js'); return given.map(wrapAxisDeg);", angles
    )
    np.testing.assert_allclose(got, [wrap_axis_deg(angle) for angle in angles], atol=1e-9)


def test_drags_turn_as_in_python():
    random = np.random.default_rng(5)
    drags = random.uniform(-80, 80, (40, 3, 2)).tolist()
    got = node(
        "const { dragAngleDeg } = await load('geometry.js');"
        "return given.map((points) => dragAngleDeg(...points));",
        drags,
    )
    np.testing.assert_allclose(got, [drag_angle_deg(*points) for points in drags], atol=1e-9)


def test_regions_are_drawn_moved_and_turned_as_in_python():
    given = [
        {"roi": entry(box), "from": [70.0, 10.0 + i], "to": [70.0, 12.0 + i], "by": [i, -2 * i]}
        for i, box in enumerate(boxes(20))
    ]
    got = node(
        "const roi = await load('roi.js');"
        "return given.map((one) => ({ corners: roi.corners(one.roi),"
        " frame: roi.toFrame(one.roi, one.from), dragged: roi.dragged(one.roi, one.from, one.to),"
        " moved: roi.moved(one.roi, one.by) }));",
        given,
    )
    for one, box, told in zip(given, boxes(20), got, strict=True):
        np.testing.assert_allclose(told["corners"], box.corners_mm, atol=1e-9)
        np.testing.assert_allclose(told["frame"], box.to_frame_mm(one["from"]), atol=1e-9)
        dragged = box.dragged(one["from"], one["to"])
        if abs(dragged.angle_deg) <= 60:
            assert told["dragged"]["angle_deg"] == pytest.approx(dragged.angle_deg, abs=1e-9)
        np.testing.assert_allclose(told["moved"]["center_mm"], box.moved(one["by"]).center_mm)


def test_a_dragged_corner_follows_the_pointer():
    got = node(
        "const roi = await load('roi.js');"
        "return given.map((one, i) => { const sign = roi.CORNERS[i % 4];"
        " const from = roi.corners(one)[i % 4];"
        " const to = [from[0] + (from[0] - one.center_mm[0]) * 0.2,"
        "  from[1] + (from[1] - one.center_mm[1]) * 0.2];"
        " return { to, corner: roi.corners(roi.cornerDragged(one, from, to, sign))[i % 4] }; });",
        [entry(box) for box in boxes(20)],
    )
    for one in got:
        np.testing.assert_allclose(one["corner"], one["to"], atol=1e-9)


def test_the_width_never_passes_the_length():
    # A box whose width is the longer side would be turned by 90 degrees when it is read.
    got = node(
        "const roi = await load('roi.js');"
        "return given.map(([one, size]) => roi.resized(one, size));",
        [[entry(box), [20.0, 90.0]] for box in boxes(5)],
    )
    assert all(one["size_mm"][0] >= one["size_mm"][1] for one in got)


def test_places_project_as_in_python():
    one = place(1)
    points = np.random.default_rng(2).uniform(-80, 80, (30, 3))
    got = node(
        "const { lpsToMm, heightMm } = await load('place.js');"
        "return given.points.map((p) => [...lpsToMm(given.place, p), heightMm(given.place, p)]);",
        {"place": place_entry(one), "points": points.tolist()},
    )
    np.testing.assert_allclose(np.array(got)[:, :2], one.lps_to_mm(points), atol=1e-9)
    heights = (points - one.center_lps_mm) @ one.normal
    np.testing.assert_allclose(np.array(got)[:, 2], heights, atol=1e-9)


@pytest.mark.parametrize("angle_deg", [-23.0, 0.0, 11.5])
def test_drawn_slices_lie_on_their_planes_and_on_the_picture(angle_deg):
    picture = place(4)
    plan = make_plan(
        picture, RotatedBox((5, -3), (90, 40), angle_deg), HeadExtent(), PlanSettings()
    )
    got = node(
        "const { drawnOn } = await load('stacks.js');"
        "return Object.fromEntries(Object.entries(given.planes).map("
        "([name, stack]) => [name, drawnOn(stack, given.place)]));",
        {"place": place_entry(picture), "planes": stack_entries(plan, 3)},
    )
    assert got["sagittal"]["lines"] == []
    corners = picture.mm_to_lps(np.array(got["sagittal"]["frame"]))
    size = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1)
    np.testing.assert_allclose(sorted(size), sorted([*plan.sagittal.fov_mm] * 2), atol=0.05)
    for name, stack in (("transverse", plan.transverse), ("coronal", plan.coronal)):
        assert got[name]["frame"] is None
        assert len(got[name]["lines"]) == stack.n_slices
        for line, center in zip(got[name]["lines"], stack.slice_centers_lps_mm, strict=True):
            ends = picture.mm_to_lps(np.array(line))
            np.testing.assert_allclose((ends - center) @ stack.normal, 0, atol=1e-3)


def test_a_stack_says_which_angles_were_assumed():
    plan = make_plan(place(4), RotatedBox((0, 0), (90, 40), 0.0), HeadExtent(), PlanSettings())
    words = {
        dof: node(
            "const { stackText } = await load('stack_words.js'); return stackText(given);",
            stack_entries(plan, dof)["coronal"],
        )
        for dof in (1, 3)
    }
    assert words[1] == f"{words[3]}; tilt and turn assumed, not measured"


def test_a_stack_that_misses_the_picture_is_not_drawn():
    picture = place(4)
    plan = make_plan(picture, RotatedBox((0, 0), (90, 40), 0.0), HeadExtent(), PlanSettings())
    far = replace(plan.transverse, center_lps_mm=plan.center_lps_mm + 900 * picture.normal)
    planes = stack_entries(replace(plan, transverse=far), 3)
    got = node(
        "const { drawnOn } = await load('stacks.js'); return drawnOn(given.stack, given.place);",
        {"place": place_entry(picture), "stack": planes["transverse"]},
    )
    assert got == {"lines": [], "frame": None}


def test_views_zoom_about_the_pointer_and_pan_with_it():
    got = node(
        "const v = await load('viewport.js');"
        "const view = v.fitted(given, [600, 400]); const at = [120, 310];"
        "const near = v.zoomed(view, 2.5, at); const moved = v.panned(near, [30, -12]);"
        "return { before: v.toMm(view, at), zoomed: v.toMm(near, at),"
        " panned: v.toMm(moved, [150, 298]), back: v.toScreen(near, v.toMm(near, [7, 9])) };",
        place_entry(place(1)),
    )
    np.testing.assert_allclose(got["zoomed"], got["before"], atol=1e-9)
    np.testing.assert_allclose(got["panned"], got["before"], atol=1e-9)
    np.testing.assert_allclose(got["back"], [7, 9], atol=1e-9)


def test_steps_of_one_kind_in_quick_succession_are_undone_as_one():
    got = node(
        "const { UndoHistory } = await load('undo.js');"
        "const h = new UndoHistory(0); const seen = [];"
        "h.add(1, 'turn', 0); h.add(2, 'turn', 100); h.add(3, 'turn', 2000);"
        "h.add(4, 'move', 2001);"
        "h.add(5, 'drag#1', 2002); h.add(6, 'drag#1', 9000); h.add(7, 'drag#2', 9001);"
        "while (h.canUndo) { h.undo(); seen.push(h.present); } h.redo(); seen.push(h.present);"
        "h.add(9, 'move', 9500); seen.push(h.canRedo); return seen;",
        None,
    )
    assert got == [6, 4, 3, 2, 0, 2, False]


def test_a_step_is_withdrawn_though_the_state_before_it_has_become_known_better():
    got = node(
        "const { UndoHistory } = await load('undo.js');"
        "const h = new UndoHistory(1); const seen = [];"
        "h.withdraw('type#1'); seen.push(h.present, h.canUndo);"
        "h.add(5, 'type#1', 0); h.add(50, 'type#1', 900); h.amend((one) => one === 1 ? 1.1 : one);"
        "h.withdraw('type#2'); seen.push(h.present);"
        "h.withdraw('type#1'); seen.push(h.present, h.canUndo, h.canRedo); return seen;",
        None,
    )
    assert got == [1, False, 50, 1.1, False, False]


def test_masks_and_brushes_are_those_of_python() -> None:
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 30:60] = 1
    there = {"shape": [60, 80], "spacing_mm": [0.5, 0.5]}
    found = node(
        "const m = await load('mask_pixels.js'); const { entry, place } = given;"
        "const mask = m.maskOf(entry), [x, y] = [-1.25, 9];"
        "const write = (made) => m.entryOf(made, place.shape);"
        "return { same: write(mask.slice()), area: m.maskAreaMm2(mask, place),"
        "  drawn: write(m.brushed(mask, place, [x - 4, y], [x + 4, y], 2, 1)),"
        "  erased: write(m.brushed(mask, place, [x, y], [x, y], 2, 0)),"
        "  pulled: write(m.pulled(mask, place, [x, 5], [x, 8], 6)),"
        "  pieces: m.maskBorder(mask, place).reduce("
        "    (sum, [a, b]) => sum + Math.hypot(a[0] - b[0], a[1] - b[1]), 0) };",
        {"entry": mask_entry(mask), "place": there},
    )
    assert found["same"] == mask_entry(mask)
    assert found["area"] == mask.sum() * 0.25
    assert found["pieces"] == 2 * (20 + 30) * 0.5
    drawn, erased, pulled = (
        mask_of_entry(found[name], mask.shape) for name in ("drawn", "erased", "pulled")
    )
    # A stroke of 8 mm above the mask adds itself, and takes nothing away where there is nothing.
    assert (drawn.sum() - mask.sum()) * 0.25 == pytest.approx(8 * 4 + np.pi * 2**2, rel=0.05)
    np.testing.assert_array_equal(erased, mask)
    # The border that was pulled has moved by 3 mm, and far from there nothing has.
    assert (pulled[:, 42] > 0).sum() - 20 == pytest.approx(6, abs=1)
    np.testing.assert_array_equal(pulled[:, :28], mask[:, :28])
