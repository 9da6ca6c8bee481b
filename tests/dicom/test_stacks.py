import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from callosal.pipelines.dicom.frames import Frame
from callosal.pipelines.dicom.headers import Header, scan
from callosal.pipelines.dicom.pixel_layout import PixelLayout
from callosal.pipelines.dicom.stacks import Stack, find_stacks
from callosal.pipelines.dicom.tree import FileEntry
from tests.dicom.make_series import (
    AXIAL,
    CORONAL,
    SeriesRecipe,
    make_enhanced,
    make_series,
    make_slice,
    write_slices,
)

RECIPE = SeriesRecipe()


def stacks_of(folder: Path) -> tuple[Stack, ...]:
    return find_stacks(found for found in scan(folder) if isinstance(found, Header))


def verdicts(stacks: Iterable[Stack]) -> list[tuple[int, str]]:
    return [(len(stack.planes), stack.code) for stack in stacks]


def written(folder: Path, slices) -> tuple[Stack, ...]:
    write_slices(folder, slices)
    return stacks_of(folder)


def test_a_whole_series_is_one_stack_in_spatial_order(tmp_path: Path):
    (stack,) = written(tmp_path, make_series(RECIPE))
    assert stack.is_kept
    assert [list(plane.frame.position_lps_mm) for plane in stack.planes] == [
        RECIPE.position(index) for index in range(10)
    ]
    assert stack.slice_spacing_mm == pytest.approx(5)


def test_an_enhanced_image_is_one_stack(tmp_path: Path):
    (stack,) = written(tmp_path, [make_enhanced(RECIPE)])
    assert verdicts([stack]) == [(10, "")]
    assert stack.n_files == 1


def test_stacks_do_not_depend_on_the_order_of_files(tmp_path: Path):
    write_slices(tmp_path, make_series(RECIPE) + make_series(replace(RECIPE, number=2)))
    headers = [found for found in scan(tmp_path) if isinstance(found, Header)]
    shuffled = random.Random(0).sample(headers, len(headers))
    assert find_stacks(shuffled) == find_stacks(headers)


def test_a_missing_slice(tmp_path: Path):
    slices = make_series(RECIPE)
    assert verdicts(written(tmp_path, slices[:4] + slices[5:])) == [(9, "missing_slices")]


def test_an_exact_copy_is_left_out_with_a_note(tmp_path: Path):
    slices = make_series(RECIPE)
    (stack,) = written(tmp_path, [*slices, slices[3], slices[4]])
    assert verdicts([stack]) == [(10, "")]
    assert stack.notes == ("2 exact copies of slices left out",)


def test_a_copy_under_a_new_uid_is_left_out_too(tmp_path: Path):
    copy = make_slice(RECIPE, 3)
    copy.SOPInstanceUID = "1.2.3.1.777"
    (stack,) = written(tmp_path, [*make_series(RECIPE), copy])
    assert (len(stack.planes), stack.code, len(stack.notes)) == (10, "", 1)


@pytest.mark.parametrize("uid", ["1.2.3.1.4", "1.2.3.1.777"])
def test_another_image_at_the_same_place(tmp_path: Path, uid: str):
    rival = make_slice(RECIPE, 3)
    rival.SOPInstanceUID = uid
    rival.PixelData = RECIPE.pixels(99).tobytes()
    assert verdicts(written(tmp_path, [*make_series(RECIPE), rival])) == [
        (11, "duplicate_positions")
    ]


@pytest.mark.parametrize(
    "keyword",
    ["TemporalPositionIdentifier", "AcquisitionNumber", "DiffusionBValue", "InversionTime"],
)
def test_time_points_are_told_apart_and_the_first_is_used(tmp_path: Path, keyword: str):
    points = []
    for time in (1, 2, 3):
        for ds in make_series(RECIPE):
            setattr(ds, keyword, time)
            ds.SOPInstanceUID += f".{time}"
            ds.PixelData = RECIPE.pixels(100 * time).tobytes()
            points.append(ds)
    first, later = written(tmp_path, points)
    assert verdicts([first, later]) == [(10, ""), (20, "later_time_point")]
    assert {plane.header.sop_instance_uid[-2:] for plane in first.planes} == {".1"}


def test_acquisition_numbers_that_count_slices_are_no_time(tmp_path: Path):
    slices = make_series(RECIPE)
    for number, ds in enumerate(slices):
        ds.AcquisitionNumber = number
    assert verdicts(written(tmp_path, slices)) == [(10, "")]


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("EchoNumbers", 2),
        ("EchoTime", 7),
        ("ImageType", ["DERIVED", "PRIMARY", "M"]),
        ("FrameOfReferenceUID", "1.2.3.98"),
        ("PixelSpacing", [8, 8]),
    ],
)
def test_one_series_of_two_kinds(tmp_path: Path, keyword: str, value):
    others = make_series(RECIPE)
    for ds in others:
        setattr(ds, keyword, value)
        ds.SOPInstanceUID += ".2"
    first, second = written(tmp_path, make_series(RECIPE) + others)
    assert verdicts([first, second]) == [(10, ""), (10, "")]
    assert first.key != second.key


def test_a_three_plane_localizer_keeps_its_sagittal_slices(tmp_path: Path):
    slices = []
    for place, orientation in enumerate([RECIPE.orientation, CORONAL, AXIAL]):
        recipe = replace(RECIPE, n_slices=3, orientation=orientation, slice_spacing_mm=20)
        for ds in make_series(recipe):
            ds.SOPInstanceUID += f".{place}"
            slices.append(ds)
    stacks = written(tmp_path, slices)
    assert sorted(verdicts(stacks)) == [
        (3, ""),
        (3, "no_sagittal_view"),
        (3, "no_sagittal_view"),
    ]


def test_a_single_sagittal_slice_is_kept_with_its_declared_thickness(tmp_path: Path):
    (stack,) = written(tmp_path, [make_slice(RECIPE, 0)])
    assert (stack.code, stack.slice_spacing_mm) == ("", 5)


def test_one_slice_of_another_orientation(tmp_path: Path):
    slices = make_series(replace(RECIPE, n_slices=20))
    turned = Rotation.from_euler("z", 10, degrees=True).apply(
        np.reshape(RECIPE.orientation, (2, 3))
    )
    slices[7].ImageOrientationPatient = [float(f"{value:.6f}") for value in turned.ravel()]
    stacks = written(tmp_path, slices)
    assert sorted(verdicts(stacks)) == [(1, "stray_slice"), (19, "missing_slices")]


def test_directions_that_differ_by_rounding_stay_together(tmp_path: Path):
    slices = make_series(RECIPE)
    slices[3].ImageOrientationPatient = [0.0001, 1, 0, 0, 0.0001, -1]
    assert verdicts(written(tmp_path, slices)) == [(10, "")]


@pytest.mark.parametrize(
    ("image_type", "code"),
    [
        (["ORIGINAL", "PRIMARY", "P", "ND"], "not_magnitude"),
        (["ORIGINAL", "PRIMARY", "PHASE MAP", "P", "PCA"], "not_magnitude"),
        (["DERIVED", "SECONDARY", "PROJECTION IMAGE"], "projection"),
        (["ORIGINAL", "PRIMARY", "M", "ND", "NORM"], ""),
        (["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"], ""),
    ],
)
def test_image_types(tmp_path: Path, image_type: list[str], code: str):
    recipe = replace(RECIPE, tags={"ImageType": image_type})
    assert verdicts(written(tmp_path, make_series(recipe))) == [(10, code)]


def test_a_gantry_tilt(tmp_path: Path):
    slices = make_series(RECIPE)
    for index, ds in enumerate(slices):
        x, y, z = RECIPE.position(index)
        ds.ImagePositionPatient = [x, y + index, z]
    assert verdicts(written(tmp_path, slices)) == [(10, "sheared_stack")]


def test_the_key_is_that_of_the_content_not_of_the_files(tmp_path: Path):
    (stack,) = written(tmp_path / "a", make_series(RECIPE))
    (partial,) = written(tmp_path / "b", make_series(RECIPE)[:9])
    (other,) = written(tmp_path / "c", make_series(replace(RECIPE, number=2)))
    assert stack.key == partial.key != other.key


def made_header(index: int, orientation, position, spacing_mm) -> Header:
    entry = FileEntry(f"/{index}", str(index), 1, 1)
    layout = PixelLayout(64, 48, 1, 16, 12, 11, False, False, "1.2.840.10008.1.2.1", True, 0)
    rows = tuple(map(tuple, np.reshape(orientation, (2, 3)).tolist()))
    frame = Frame(
        0, tuple(position), rows[0], rows[1], spacing_mm, None, None, (), True, False, None,
        None, None, None, (None, None, None), 1.0, 0.0,
    )  # fmt: skip
    return Header(entry, f"1.{index}", "1", "1.1", 1, "1.9", "HFS", 3.0, layout, (frame,))


@settings(deadline=None, max_examples=60)
@given(
    rotation=st.tuples(*[st.floats(-180, 180)] * 3),
    n_slices=st.integers(1, 40),
    spacing_mm=st.tuples(*[st.floats(2.5, 9.5)] * 3),
    seed=st.integers(0, 99),
)
def test_the_grid_of_any_oblique_stack_meets_every_slice(rotation, n_slices, spacing_mm, seed):
    axes = Rotation.from_euler("xyz", rotation, degrees=True).as_matrix()
    origin = np.random.default_rng(seed).uniform(-100, 100, 3)
    normal = np.cross(axes[0], axes[1])
    positions = [origin + index * spacing_mm[0] * normal for index in range(n_slices)]
    headers = [
        made_header(index, axes[:2], position, spacing_mm[1:])
        for index, position in enumerate(positions)
    ]
    random.Random(seed).shuffle(headers)
    (stack,) = find_stacks(headers)
    assert stack.code in ("", "no_sagittal_view", "field_of_view_too_small")
    affine = stack.geometry.affine
    for index, position in enumerate(positions):
        corner = position + 63 * spacing_mm[1] * axes[1] + 47 * spacing_mm[2] * axes[0]
        if n_slices > 1:
            np.testing.assert_allclose((affine @ [index, 0, 0, 1])[:3], position, atol=1e-6)
        found = affine[:3] @ [index if n_slices > 1 else 0, 63, 47, 1]
        np.testing.assert_allclose(found, corner, atol=1e-6)
