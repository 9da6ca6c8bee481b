import json
import math
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callosal.models.errors import GeometryError
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.geometry.plane_angles import rotated_mm
from callosal.pipelines.geometry.reference_line import find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.morphometry.measures import Morphometry, measure
from callosal.pipelines.morphometry.partial_volume import partial_volume_area_mm2
from callosal.pipelines.outline.contour import callosum_component, callosum_contour_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.phantom import Arch, arch_phantom, phantom_slice
from tests.morphometry.bands import band, callosum_outline, empty_slice

SCHEMA = Path(__file__).resolve().parents[2] / "configs" / "plan.schema.json"


def measured_map(probability, spacing_mm) -> Morphometry:
    plane = on_slice(probability, spacing_mm)
    component = callosum_component(probability, plane)
    outline = smooth_contour_mm(callosum_contour_mm(probability, plane))
    box = RotatedBox.around(outline)
    line = find_reference_line("subcallosal", outline, box)
    return measure(outline, component, plane, box, line)


def measured_outline(outline, spacing_mm=(1.0, 1.0)) -> Morphometry:
    box = RotatedBox.around(outline)
    line = find_reference_line("subcallosal", outline, box)
    return measure(outline, np.ones((8, 8)), empty_slice(spacing_mm, (8, 8)), box, line)


def assert_alike(found, expected, rel, power=lambda _name: 0.0, factor=1.0):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if name == "pv_area_mm2":
            continue
        if value is None:
            assert found[name] is None, name
        else:
            scaled = value * factor ** power(name)
            assert found[name] == pytest.approx(scaled, rel=rel, abs=0.02 * factor**2), name


def length_power(name):
    return {"mm2": 2.0, "per_mm": -1.0}.get(
        "per_mm" if name.endswith("per_mm") else name.rsplit("_", 1)[-1],
        1.0 if name.endswith("_mm") else 0.0,
    )


@pytest.mark.parametrize(
    "spacing_mm",
    [
        (0.4, 0.4),
        (0.5, 0.5),
        (0.7, 0.7),
        (1.0, 1.0),
        (1.25, 1.25),
        (1.5, 1.5),
        (0.5, 1.2),
        (1.2, 0.5),
    ],
)
@pytest.mark.parametrize("tilt_deg", [-33.0, 0.0, 17.0])
@pytest.mark.parametrize("thickness_mm", [5.0, 8.0])
def test_an_arch_is_measured_to_one_per_cent(spacing_mm, tilt_deg, thickness_mm):
    arch = Arch(90.0, thickness_mm, 60.0, tilt_deg, (3.2, -4.7))
    shape = (round(140 / spacing_mm[0]), round(140 / spacing_mm[1]))
    morphometry = measured_map(arch_phantom(arch, shape, spacing_mm), spacing_mm)
    values = morphometry.values
    tip_to_tip = 90.0 + thickness_mm
    assert values["area_mm2"] == pytest.approx(arch.area_mm2, rel=0.01)
    assert values["pv_area_mm2"] == pytest.approx(arch.area_mm2, rel=0.002)
    assert values["perimeter_mm"] == pytest.approx(180 + math.pi * thickness_mm, rel=0.01)
    assert values["midline_length_mm"] == pytest.approx(tip_to_tip, rel=0.01)
    assert values["thickness_mean_mm"] == pytest.approx(arch.area_mm2 / tip_to_tip, rel=0.01)
    assert values["thickness_max_mm"] == pytest.approx(thickness_mm, rel=0.01)
    assert values["body_width_mm"] == pytest.approx(thickness_mm, rel=0.01)
    assert values["curvature_mean_per_mm"] == pytest.approx(
        2 * math.radians(60) / tip_to_tip, rel=0.05
    )
    assert values["box_length_mm"] == pytest.approx(arch.box_size_mm[0], rel=0.01)
    assert values["height_mm"] == pytest.approx(arch.box_size_mm[1], rel=0.01)
    core = np.array(morphometry.thickness_profile_mm)[10:-10]
    assert np.median(core) == pytest.approx(thickness_mm, rel=0.01)
    assert core == pytest.approx(thickness_mm, rel=0.01)


@settings(max_examples=10, deadline=None)
@given(turn=st.floats(-75, 75), x=st.floats(-300, 300), y=st.floats(-300, 300))
def test_moving_and_turning_changes_nothing(turn, x, y):
    outline = callosum_outline()
    moved = rotated_mm(outline, (10.0, -5.0), turn) + np.array([x, y])
    assert_alike(measured_outline(moved).values, measured_outline(outline).values, rel=2e-3)


@settings(max_examples=10, deadline=None)
@given(factor=st.floats(0.3, 3.0))
def test_scaling_scales_lengths_and_areas(factor):
    outline = callosum_outline()
    found = measured_outline(outline * factor, (factor, factor)).values
    assert_alike(found, measured_outline(outline).values, 1e-6, length_power, factor)


@settings(max_examples=10, deadline=None)
@given(start=st.integers(0, 1200), backward=st.booleans())
def test_where_and_which_way_the_outline_starts_does_not_matter(start, backward):
    outline = callosum_outline()
    turned = np.roll(outline, start, axis=0)[:: -1 if backward else 1]
    box = RotatedBox.around(outline)
    line = find_reference_line("subcallosal", outline, box)
    found, expected = (
        measure(points, np.ones((8, 8)), empty_slice(shape=(8, 8)), box, line)
        for points in (turned, outline)
    )
    assert_alike(found.values, expected.values, rel=8e-3)


def test_a_mirrored_arch_has_the_mirrored_profile():
    coverage = arch_phantom(Arch(90.0, 6.0, 60.0, 14.0), (160, 160), (1.0, 1.0))
    here = np.array(measured_map(coverage, (1.0, 1.0)).thickness_profile_mm)
    there = np.array(measured_map(coverage[:, ::-1], (1.0, 1.0)).thickness_profile_mm)
    assert there[::-1] == pytest.approx(here, abs=0.06)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), stretch=st.floats(1.0, 6.0), turn=st.floats(-90, 90))
def test_no_shape_gives_nan_or_a_sentinel(seed, stretch, turn):
    draw = np.random.default_rng(seed)
    at = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    waves = sum(
        draw.normal(0, 0.3 / order) * np.cos(order * at + draw.uniform(0, 6)) for order in (2, 3, 5)
    )
    radius = 8 * np.exp(waves)
    blob = np.stack([stretch * radius * np.cos(at), radius * np.sin(at)], axis=1)
    morphometry = measured_outline(rotated_mm(blob, (0, 0), turn))
    for name, value in morphometry.as_document().items():
        if value is None:
            assert morphometry.reasons[name]
        else:
            assert math.isfinite(value), name
            assert value > 0, name
    missing = {name for name, value in morphometry.values.items() if value is None}
    assert missing == set(morphometry.reasons)


@pytest.mark.parametrize("seed", range(6))
def test_phantom_callosa_are_measured_whole(seed):
    _, mask = phantom_slice(seed)
    morphometry = measured_map(mask.astype(float), (1.0, 1.0))
    values = morphometry.values
    assert values["midline_length_mm"] > values["box_length_mm"]
    assert values["area_mm2"] == pytest.approx(
        values["midline_length_mm"] * values["thickness_mean_mm"], rel=0.06
    )
    for prefix, count in (("hofer_frahm", 5), ("hofer_frahm_midline", 5)):
        parts = sum(values[f"{prefix}_{number}_mm2"] for number in range(1, count + 1))
        assert parts == pytest.approx(values["area_mm2"], rel=5e-3)


def test_a_straight_band_keeps_none_with_reasons():
    straight = band(np.stack([np.linspace(30, -30, 100), np.zeros(100)], axis=1), 3.0)
    morphometry = measured_outline(straight)
    assert morphometry.values["cc_index"] is None
    assert morphometry.reasons["cc_index"] == "diameter_inside"
    assert morphometry.reasons["witelson_1_mm2"] == "no_rostrum"
    assert morphometry.values["thickness_max_mm"] == pytest.approx(6.0, rel=0.02)


def test_the_document_fits_the_schema_of_the_plan():
    accepted = json.loads(SCHEMA.read_text())["properties"]["morphometry"]["additionalProperties"]
    document = measured_outline(callosum_outline()).as_document()
    assert accepted == {"type": ["number", "null"]}
    assert all(value is None or type(value) is float for value in document.values())
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_degenerate_outlines_are_refused():
    line = find_reference_line("subcallosal", callosum_outline(), RotatedBox((0, 0), (70, 30), 0))
    flat = np.array([(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)])
    with pytest.raises(GeometryError):
        measure(flat, np.ones((8, 8)), empty_slice(), RotatedBox((0, 0), (70, 30), 0), line)


def test_partial_volume_area_counts_only_the_neighbourhood():
    probability = np.zeros((40, 40))
    probability[10:20, 10:30] = 1.0
    probability[9, 10:30] = 0.25
    probability[38, 38] = 0.4
    area = partial_volume_area_mm2(probability, empty_slice((2.0, 0.5), (40, 40)))
    assert area == pytest.approx(200 + 5)
    with pytest.raises(GeometryError):
        partial_volume_area_mm2(probability * 0.4, empty_slice((2.0, 0.5), (40, 40)))


def test_all_measures_take_less_than_40_ms_of_one_core():
    coverage = arch_phantom(Arch(90.0, 6.0, 60.0), (320, 320), (0.5, 0.5))
    plane = on_slice(coverage, (0.5, 0.5))
    outline = smooth_contour_mm(callosum_contour_mm(coverage, plane))
    box = RotatedBox.around(outline)
    line = find_reference_line("subcallosal", outline, box)
    seconds = []
    for _ in range(9):
        start = time.thread_time()
        measure(outline, coverage.astype(float), plane, box, line)
        seconds.append(time.thread_time() - start)
    assert np.median(seconds) <= 0.040


@pytest.mark.shared
def test_real_callosa_lie_within_published_norms(shared_data):
    values = [
        measured_map(labelled.mask, labelled.spacing_mm).values
        for labelled in read_split(shared_data / "abide-cc", "val")
    ]
    mean = {name: np.mean([row[name] for row in values]) for name in ("area_mm2", "height_mm")}
    # Kucharsky Hiess 2015 on ABIDE: 597 +- 102 mm2; heights of 24.6 and 26.1 mm are published.
    assert mean["area_mm2"] == pytest.approx(597, abs=30)
    assert mean["height_mm"] == pytest.approx(25, abs=2)
    indices = [row["cc_index"] for row in values if row["cc_index"] is not None]
    assert len(indices) == len(values)
    assert 0.35 < np.mean(indices) < 0.45
    # Outlines of whole masks: sum over the midline gives the area back.
    ratio = [
        row["midline_length_mm"] * row["thickness_mean_mm"] / row["area_mm2"] for row in values
    ]
    assert np.mean(ratio) == pytest.approx(1, abs=0.03)
