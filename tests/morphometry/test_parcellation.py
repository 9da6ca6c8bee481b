import numpy as np
import pytest

from callosal.pipelines.geometry import polygon
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.morphometry.borders import find_borders
from callosal.pipelines.morphometry.genu_bend import find_genu_bend
from callosal.pipelines.morphometry.half_plane import clip_between
from callosal.pipelines.morphometry.midline import find_midline
from callosal.pipelines.morphometry.outline import even_outline
from callosal.pipelines.morphometry.parcellation import PARTS, Course, Scheme, parcellate
from tests.morphometry.bands import arch_outline, band, callosum_outline


def parcels(outline, scheme, course):
    even = even_outline(outline)
    box = RotatedBox.around(even)
    return parcellate(scheme, course, even, find_midline(find_borders(even, box)), box), even, box


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("course", Course)
def test_parts_add_up_to_the_whole(scheme, course):
    parcellation, outline, _ = parcels(callosum_outline(), scheme, course)
    areas = parcellation.areas_mm2
    assert len(areas) == PARTS[scheme]
    assert all(area is not None and area > 5 for area in areas)
    assert sum(areas) == pytest.approx(polygon.area_mm2(outline), rel=3e-3)


def test_straight_cuts_lie_at_the_shares_of_the_length():
    parcellation, outline, box = parcels(callosum_outline(), Scheme.HOFER_FRAHM, Course.STRAIGHT)
    along = box.to_frame_mm(outline)[:, 0]
    fronts = [box.to_frame_mm(part)[:, 0].max() for part in parcellation.parts_mm]
    shares = (along.max() - np.array(fronts)) / np.ptp(along)
    assert shares == pytest.approx([0, 1 / 6, 1 / 2, 2 / 3, 3 / 4], abs=1e-6)


def test_midline_parts_of_an_arch_have_the_areas_of_its_sectors():
    parcellation, _, _ = parcels(arch_outline(90.0, 6.0), Scheme.HOFER_FRAHM, Course.MIDLINE)
    middle = np.array(parcellation.areas_mm2[1:4])
    # Shares count from tip to tip, 96 mm; the middle parts lie between the round ends.
    assert middle == pytest.approx(96 * 6 * np.array([1 / 3, 1 / 6, 1 / 12]), rel=0.01)


def test_rostrum_lies_below_and_behind_the_bend_and_the_body_above():
    parcellation, outline, box = parcels(callosum_outline(), Scheme.WITELSON, Course.STRAIGHT)
    rostrum, genu, body = (box.to_frame_mm(part) for part in parcellation.parts_mm[:3])
    bend = find_genu_bend(find_midline(find_borders(outline, box)), outline, box)
    cut = box.to_frame_mm(outline)[:, 0].max() - bend.depth * box.size_mm[0]
    assert genu[:, 0].min() == pytest.approx(cut, abs=0.01)
    assert max(rostrum[:, 0].max(), body[:, 0].max()) == pytest.approx(cut, abs=0.01)
    assert polygon.centroid_mm(rostrum)[1] < -9
    assert polygon.centroid_mm(body)[1] > 0
    assert 0 < bend.before < bend.share < bend.after < 1 / 3


@pytest.mark.parametrize("course", Course)
def test_without_a_rostrum_the_anterior_third_stays_whole(course):
    parcellation, outline, _ = parcels(arch_outline(), Scheme.WITELSON, course)
    assert parcellation.areas_mm2[:3] == (None, None, None)
    assert parcellation.undivided_mm is not None
    rest = sum(area for area in parcellation.areas_mm2 if area is not None)
    assert rest + abs(polygon.area_mm2(parcellation.undivided_mm)) == pytest.approx(
        polygon.area_mm2(outline), rel=3e-3
    )


def test_clipping_a_concave_polygon_keeps_the_area():
    outline = band(np.stack([np.linspace(30, -30, 50), np.zeros(50)], axis=1), 3.0)
    notched = np.vstack([outline, [(0.0, -1.0)]])
    parts = [clip_between(notched, notched[:, 1], low, low + 1.0) for low in np.arange(-3, 3)]
    total = sum(polygon.area_mm2(part) for part in parts)
    assert total == pytest.approx(polygon.area_mm2(notched), rel=1e-9)
    assert len(clip_between(notched, notched[:, 1], 5.0, 6.0)) == 0
