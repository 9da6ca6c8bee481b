"""A scan that is there as classic images and as an enhanced file is one case."""

from dataclasses import replace
from pathlib import Path

import pytest

from callosal.pipelines.reading.cases import CaseIndex, find_cases
from tests.dicom.make_series import SeriesRecipe, make_enhanced, make_series, write_slices

CLASSIC = SeriesRecipe()


def _found(folder: Path, enhanced: SeriesRecipe) -> CaseIndex:
    write_slices(folder / "classic", make_series(CLASSIC))
    write_slices(folder / "enhanced", [make_enhanced(replace(enhanced, number=2))])
    return find_cases([folder])


def test_an_enhanced_twin_is_left_aside(tmp_path: Path) -> None:
    index = _found(tmp_path, CLASSIC)
    (case,) = index.cases
    assert case.n_slices == 10
    assert case.stack is not None
    assert case.stack.n_files == 10
    assert any("as an enhanced file too" in str(note) for note in case.stack.notes)
    (skip,) = index.skipped
    assert (skip.code, skip.n_files, skip.is_fault) == ("duplicate_file", 1, False)
    assert "series 1" in skip.message


@pytest.mark.parametrize(
    "other",
    [
        replace(CLASSIC, origin_lps_mm=(-24.0, -70.0, 80.0)),
        replace(CLASSIC, spacing_mm=(8.0, 9.1)),
        replace(CLASSIC, n_slices=11),
        replace(CLASSIC, tags={"FrameOfReferenceUID": "1.2.99"}),
        replace(CLASSIC, tags={"StudyInstanceUID": "1.2.99"}),
    ],
)
def test_another_scan_is_another_case(tmp_path: Path, other: SeriesRecipe) -> None:
    assert len(_found(tmp_path, other).cases) == 2
