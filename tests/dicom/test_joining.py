"""Parts of one series: joined where they fill each other's gaps, else refused by their tag."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from callosal.pipelines.dicom.pixels import read_volume
from tests.dicom.make_series import SeriesRecipe, make_series
from tests.dicom.test_stacks import verdicts, written

RECIPE = SeriesRecipe(n_slices=24, slice_spacing_mm=3.0)


def with_tag(keyword: str, *values: object):
    """The series with the values of a tag in turn."""
    slices = make_series(RECIPE)
    for index, ds in enumerate(slices):
        setattr(ds, keyword, values[index % len(values)])
    return slices


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("EchoTime", (2.52, 2.54, 2.54)),
        ("EchoTime", (2.52, None)),
        ("EchoNumbers", (1, 2, 3)),
        ("ImageType", (["ORIGINAL", "PRIMARY", "M", "ND"], ["DERIVED", "PRIMARY", "M", "NORM"])),
        ("PixelSpacing", ([8.0, 9.0], [8.02, 9.0])),
        ("ImageOrientationPatient", ([0.004, 1, 0, 0, 0, -1], [-0.004, 1, 0, 0, 0, -1])),
        ("ImageOrientationPatient", ([0, 1, 0, 0, 0, -1], [0, 1, 0, 0.003, 0, -1])),
    ],
)
def test_noise_of_a_tag_parts_no_stack(tmp_path: Path, keyword: str, values):
    (stack,) = written(tmp_path, with_tag(keyword, *values))
    assert verdicts([stack]) == [(24, "")]
    assert any(keyword in note for note in stack.notes)
    expected = [RECIPE.pixels(index) for index in range(24)]
    np.testing.assert_array_equal(read_volume(stack).array, expected)
    first, last = stack.geometry.map_indices_to_reference(np.array([[0, 0, 0], [23, 0, 0]]))
    np.testing.assert_allclose(first, RECIPE.position(0), atol=0.1)
    np.testing.assert_allclose(last, RECIPE.position(23), atol=0.1)


def test_directions_that_vary_at_random_are_taken_in_the_mean(tmp_path: Path):
    rng = np.random.default_rng(4)
    slices = make_series(RECIPE)
    axes = np.reshape(RECIPE.orientation, (2, 3))
    for ds in slices:
        turned = Rotation.from_rotvec(rng.uniform(-0.005, 0.005, 3)).apply(axes)
        ds.ImageOrientationPatient = [float(f"{value:.6f}") for value in turned.ravel()]
    (stack,) = written(tmp_path, slices)
    assert verdicts([stack]) == [(24, "")]
    np.testing.assert_allclose(stack.geometry.direction[:, 0], RECIPE.normal, atol=1e-4)


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("EchoTime", (2.5, 7.0)),
        ("FrameOfReferenceUID", ("1.2.3.98", "1.2.3.99")),
        ("ComplexImageComponent", ("MAGNITUDE", "PHASE")),
        ("ImageType", (["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"])),
        ("PixelSpacing", ([8.0, 9.0], [8.8, 9.9])),
        ("ImageOrientationPatient", ([0, 1, 0, 0, 0, -1], [0, 1, 0, 0, 0, 1])),
    ],
)
def test_parts_that_cannot_be_one_are_refused_together_by_their_tag(
    tmp_path: Path, keyword: str, values
):
    (stack,) = written(tmp_path, with_tag(keyword, *values))
    assert verdicts([stack]) == [(24, "parted_series")]
    assert keyword in stack.reason


@pytest.mark.parametrize("wide", [range(0, 24, 2), range(15)])
def test_parts_of_two_matrices_are_refused_together(tmp_path: Path, wide: range):
    slices = make_series(RECIPE)
    for index in wide:
        slices[index] = make_series(replace(RECIPE, columns=RECIPE.columns + 4))[index]
    (stack,) = written(tmp_path, slices)
    assert verdicts([stack]) == [(24, "parted_series")]
    assert "Columns" in stack.reason


def test_a_volume_and_slices_of_another_matrix_beside_it_stay_apart(tmp_path: Path):
    more = make_series(replace(RECIPE, n_slices=26, columns=RECIPE.columns + 4))[24:]
    stacks = written(tmp_path, make_series(RECIPE) + more)
    assert sorted(verdicts(stacks)) == [(2, "stray_slice"), (24, "")]


def test_a_tag_that_changes_with_every_slice_is_not_listed_slice_by_slice(tmp_path: Path):
    slices = with_tag("FrameOfReferenceUID", *(f"1.2.{index}" for index in range(24)))
    (stack,) = written(tmp_path, slices)
    assert "24 parts" in stack.reason


def test_two_echoes_whose_times_vary_are_two_stacks(tmp_path: Path):
    late = with_tag("EchoTime", 7.01, 7.04)
    for ds in late:
        ds.SOPInstanceUID += ".2"
    stacks = written(tmp_path, with_tag("EchoTime", 2.52, 2.54) + late)
    assert verdicts(stacks) == [(24, ""), (24, "")]


def test_a_stray_beside_parts_spoils_no_joining(tmp_path: Path):
    slices = with_tag("EchoTime", 2.52, 2.54)
    stray = make_series(replace(RECIPE, n_slices=30))[29]
    x, y, z = RECIPE.position(27)
    stray.ImagePositionPatient, stray.EchoTime = [x + 1.1, y, z], 2.53
    stacks = written(tmp_path, [*slices, stray])
    assert sorted(verdicts(stacks)) == [(1, "stray_slice"), (24, "")]
