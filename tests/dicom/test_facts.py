import json
import os
from dataclasses import replace
from pathlib import Path

from callosal.pipelines.dicom.facts import describe_stack, fingerprint_stack
from tests.dicom.make_series import SeriesRecipe, make_series, write_slices
from tests.dicom.test_stacks import stacks_of, written

RECIPE = SeriesRecipe()


def test_facts_are_json_and_tell_the_geometry(tmp_path: Path):
    (stack,) = written(tmp_path, make_series(RECIPE))
    facts = json.loads(json.dumps(describe_stack(stack)))
    assert facts["matrix"] == [20, 16]
    assert facts["spacing_mm"] == [5, 8, 9]
    assert (facts["n_slices"], facts["orientation"]) == (10, "sagittal")


def test_facts_hold_no_identity(tmp_path: Path):
    (stack,) = written(tmp_path, make_series(RECIPE))
    text = json.dumps(describe_stack(stack))
    assert "marker" not in text.lower()
    assert "1.2.3" not in text


def test_the_fingerprint_follows_the_files(tmp_path: Path):
    paths = write_slices(tmp_path / "a", make_series(RECIPE))
    (before,) = map(fingerprint_stack, stacks_of(tmp_path / "a"))
    (again,) = map(fingerprint_stack, stacks_of(tmp_path / "a"))
    assert before == again
    os.utime(paths[3], ns=(1, 1))
    (touched,) = map(fingerprint_stack, stacks_of(tmp_path / "a"))
    write_slices(tmp_path / "b", make_series(replace(RECIPE, n_slices=9)))
    (shorter,) = map(fingerprint_stack, stacks_of(tmp_path / "b"))
    assert len({before, touched, shorter}) == 3
