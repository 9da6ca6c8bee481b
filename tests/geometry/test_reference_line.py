import json
from importlib import resources
from typing import Any, get_args, get_type_hints

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.plane_angles import axis_difference_deg, rotated_mm
from callosal.pipelines.geometry.reference_line import LineKind, ReferenceLine, find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.hospital.concepts import LINES
from callosal.pipelines.outline.contour import callosum_contour_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.phantom.arch import Arch, arch_phantom
from callosal.pipelines.planning.protocol_words import LINE_NAMES
from callosal.pipelines.settings import ProtocolLine, Settings


def test_every_list_of_kinds_names_the_same() -> None:
    kinds = {kind.value for kind in LineKind}
    schema = json.loads(
        resources.files("callosal.configs").joinpath("plan.schema.json").read_text()
    )
    of_callosum, of_protocol = find_lists(schema, "subcallosal")
    assert set(of_callosum) == kinds
    assert set(of_protocol) > kinds
    assert set(get_args(get_type_hints(Settings)["line"])) == kinds
    assert set(LINES) == kinds
    assert set(of_protocol) == set(get_args(ProtocolLine)) == set(LINE_NAMES)


def find_lists(node: Any, item: str) -> list[list[str]]:
    """Lists in a JSON document that hold an item."""
    if isinstance(node, list) and item in node:
        return [node]
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [found for one in inner for found in find_lists(one, item)]


def outline():
    """A lopsided callosum: a thick anterior end, a thinner posterior one, a dent below."""
    arch = Arch(85.0, 7.0, 58.0)
    shape = (240, 240)
    slice_image = SliceImage(
        np.zeros(shape, np.float32),
        (0.5, 0.5),
        np.zeros(3),
        np.array([0.0, 1.0, 0.0]),
        np.array([0.0, 0.0, -1.0]),
    )
    rows, columns = np.indices(shape)
    x, y = np.moveaxis(slice_image.pixels_to_mm(np.stack([rows, columns], axis=-1)), -1, 0)
    bulb = 5.5 - np.hypot(x - 34, y + 9)
    # Coverage of both: from none to all across one pixel of 0.5 mm.
    covered = np.clip(bulb / 0.5 + 0.5, 0, 1)
    probability = np.maximum(arch_phantom(arch, shape, (0.5, 0.5)), covered)
    return smooth_contour_mm(callosum_contour_mm(probability, slice_image))


OUTLINE = outline()


def line_of(kind, contour):
    return find_reference_line(kind, contour, RotatedBox.around(contour))


@pytest.mark.parametrize("kind", LineKind)
@settings(max_examples=20, deadline=None)
@given(
    degrees=st.floats(-60, 60),
    x=st.floats(-50, 50),
    y=st.floats(-50, 50),
    factor=st.floats(0.5, 2),
)
def test_lines_turn_shift_and_grow_with_the_outline(kind, degrees, x, y, factor):
    line = line_of(kind, OUTLINE)
    moved = line_of(kind, rotated_mm(OUTLINE * factor, (x, y), degrees))
    for point, expected in [(moved.start_mm, line.start_mm), (moved.end_mm, line.end_mm)]:
        np.testing.assert_allclose(
            point, rotated_mm(np.array(expected) * factor, (x, y), degrees), atol=1e-6
        )
    turn = axis_difference_deg(moved.angle_deg, line.angle_deg)
    assert axis_difference_deg(turn, degrees) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("kind", LineKind)
def test_mirroring_front_and_back_swaps_the_ends(kind):
    line = line_of(kind, OUTLINE)
    mirrored = line_of(kind, (OUTLINE * [-1, 1])[::-1])
    np.testing.assert_allclose(mirrored.start_mm, np.array(line.end_mm) * [-1, 1], atol=1e-6)
    np.testing.assert_allclose(mirrored.end_mm, np.array(line.start_mm) * [-1, 1], atol=1e-6)
    assert mirrored.angle_deg == pytest.approx(-line.angle_deg, abs=1e-6)


@pytest.mark.parametrize("kind", LineKind)
def test_start_is_the_anterior_end(kind):
    line = line_of(kind, OUTLINE)
    assert line.start_mm[0] > line.center_mm[0] > line.end_mm[0]
    assert line.length_mm > 40


def test_the_subcallosal_line_touches_both_ends_from_below():
    line = line_of("subcallosal", OUTLINE)
    along = np.subtract(line.start_mm, line.end_mm) / line.length_mm
    up = np.array([-along[1], along[0]])
    heights = (OUTLINE - line.end_mm) @ up
    assert heights.min() == pytest.approx(0, abs=0.02)
    for point in (line.start_mm, line.end_mm):
        near = np.linalg.norm(OUTLINE - point, axis=1) < 2
        assert heights[near].min() < 0.1


def with_spike(width_mm, length_mm):
    """The outline with a spike on its lowest anterior point."""
    lowest = int(np.argmin(np.where(OUTLINE[:, 0] > 20, OUTLINE[:, 1], np.inf)))
    turned = np.roll(OUTLINE, -lowest, axis=0)
    path = np.abs(turned[:, 0] - turned[0, 0])
    near = (path < width_mm / 2) & (turned[:, 1] < turned[0, 1] + 2)
    body = turned[~near]
    steps = np.linspace(0, 1, 40)[:, None]
    tip = turned[0] - [0, length_mm]
    return np.vstack([body, body[-1] + steps * (tip - body[-1]), tip + steps * (body[0] - tip)])


def test_a_thin_spike_turns_the_box_but_not_the_line():
    spiked = with_spike(width_mm=2.0, length_mm=5.0)
    found, expected = (line_of("subcallosal", contour) for contour in (spiked, OUTLINE))
    box_turn = RotatedBox.around(spiked).angle_deg - RotatedBox.around(OUTLINE).angle_deg
    assert abs(box_turn) > 3
    assert found.angle_deg == pytest.approx(expected.angle_deg, abs=0.3)


def test_ends_thinner_than_the_disc_still_have_a_line():
    arch = np.radians(np.linspace(30, 150, 200))
    outer = np.stack([50 * np.cos(arch), 50 * np.sin(arch)], axis=1)
    thin = np.vstack([outer, outer[::-1] * 0.99])
    assert line_of("subcallosal", thin).angle_deg == pytest.approx(0, abs=0.1)


def test_a_sagging_body_does_not_carry_the_subcallosal_line():
    sagging = OUTLINE.copy()
    middle = np.abs(sagging[:, 0]) < 4
    lower = middle & (sagging[:, 1] < 8)
    sagging[lower, 1] -= 30
    box = RotatedBox.around(OUTLINE)
    expected = find_reference_line("subcallosal", OUTLINE, box)
    found = find_reference_line("subcallosal", sagging, box)
    assert found == expected


@pytest.mark.parametrize("tilt", [-60.0, -20.0, 0.0, 35.0, 60.0])
def test_all_three_lie_along_the_chord_of_an_even_arch(tilt):
    arch = Arch(85.0, 7.0, 58.0, tilt)
    slice_image = SliceImage(
        np.zeros((280, 280), np.float32), (0.5, 0.5), np.zeros(3), np.eye(3)[1], -np.eye(3)[2]
    )
    probability = arch_phantom(arch, (280, 280), (0.5, 0.5))
    contour = smooth_contour_mm(callosum_contour_mm(probability, slice_image))
    for kind in LineKind:
        assert line_of(kind, contour).angle_deg == pytest.approx(tilt, abs=0.1)
    start, end = arch.line_mm
    line = line_of("subcallosal", contour)
    np.testing.assert_allclose(line.start_mm, start, atol=0.2)
    np.testing.assert_allclose(line.end_mm, end, atol=0.2)


def test_the_lower_end_decides_the_sign():
    assert ReferenceLine(LineKind.ENDPOINTS, (1.0, 1.0), (-1.0, -1.0)).angle_deg == 45
    assert ReferenceLine(LineKind.ENDPOINTS, (1.0, -1.0), (-1.0, 1.0)).angle_deg == -45


def test_what_is_as_wide_as_long_has_no_principal_axis():
    square = np.array([(0.0, 0), (4, 0), (4, 4), (0, 4)])
    with pytest.raises(GeometryError) as caught:
        line_of("principal_axis", square)
    assert caught.value.code == "no_long_axis"


def test_two_points_are_no_outline():
    with pytest.raises(GeometryError) as caught:
        find_reference_line("endpoints", np.zeros((2, 2)), RotatedBox((0, 0), (4, 2), 0))
    assert caught.value.code == "degenerate_contour"


@pytest.mark.shared
def test_reference_masks_have_poses_of_aligned_heads(shared_data):
    folders = sorted((shared_data / "abide-cc").glob("sub-005100*"))[:8]
    angles = []
    for folder in folders:
        mask = np.asarray(nib.load(next(folder.glob("*mask.nii.gz"))).dataobj)[0].T[::-1, ::-1]
        slice_image = SliceImage(
            mask.astype(np.float32), (0.5, 0.5), np.zeros(3), np.eye(3)[1], -np.eye(3)[2]
        )
        contour = smooth_contour_mm(callosum_contour_mm(mask, slice_image))
        box = RotatedBox.around(contour)
        angles.append([box.angle_deg] + [line_of(kind, contour).angle_deg for kind in LineKind])
        assert 50 < box.size_mm[0] < 95
    assert np.abs(angles).max() < 15
    # The box of least area rests on the subcallosal line, where no spike holds it off.
    np.testing.assert_allclose(*np.array(angles).T[:2], atol=1.5)
