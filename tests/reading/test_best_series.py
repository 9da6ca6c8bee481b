"""Which series of an exam is planned on where one is to be chosen."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from callosal.pipelines.cli import main
from callosal.pipelines.reading.best_series import best_series, chosen, merit
from callosal.pipelines.reading.cases import find_cases
from callosal.pipelines.reading.series_listing import listing_json
from tests.dicom.make_series import SeriesRecipe, make_series, write_slices

VOLUME = SeriesRecipe(
    n_slices=20, rows=64, columns=64, spacing_mm=(2.5, 2.5), origin_lps_mm=(-60.0, -80.0, 80.0)
)
T1 = {"RepetitionTime": "500", "EchoTime": "10"}
T2 = {"RepetitionTime": "4000", "EchoTime": "90"}


def write(folder: Path, name: str, recipe: SeriesRecipe) -> Path:
    (folder / name).mkdir(parents=True)
    write_slices(folder / name, make_series(recipe))
    return folder


def numbers(folder: Path, best_of: str) -> list[object]:
    index = chosen(find_cases([folder]), best_of)
    return [case.source["series_number"] for case in index.cases]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (replace(VOLUME, tags=T1), replace(VOLUME, tags=T2)),
        (VOLUME, replace(VOLUME, spacing_mm=(4.0, 4.0))),
        (VOLUME, replace(VOLUME, n_slices=3)),
        (replace(VOLUME, tags=T2), replace(VOLUME, tags=T1, spacing_mm=(5.0, 5.0))),
    ],
    ids=["contrast", "pixels", "few slices", "pixels before contrast"],
)
def test_the_better_of_two_series_is_kept(
    better: SeriesRecipe, worse: SeriesRecipe, tmp_path: Path
) -> None:
    write(tmp_path, "a", replace(worse, number=1))
    write(tmp_path, "b", replace(better, number=2))
    assert numbers(tmp_path, "series") == [1, 2]
    assert numbers(tmp_path, "exam") == [2]
    index = chosen(find_cases([tmp_path]), "exam")
    (left,) = index.skipped
    assert (left.code, left.is_fault, left.source["series_number"]) == ("better_series", False, 1)


def test_exams_do_not_compete(tmp_path: Path) -> None:
    write(tmp_path, "a", replace(VOLUME, number=1))
    write(tmp_path, "b", replace(VOLUME, number=2, tags={"StudyInstanceUID": "1.2.77"}))
    assert numbers(tmp_path, "exam") == [1, 2]
    assert best_series(find_cases([tmp_path])) == {}


def test_the_listing_names_the_best_and_why(tmp_path: Path) -> None:
    write(tmp_path, "a", replace(VOLUME, number=1, tags=T2))
    write(tmp_path, "b", replace(VOLUME, number=2, tags=T1))
    rows = json.loads(listing_json(find_cases([tmp_path])))["stacks"]
    assert [row["contrast"] for row in rows] == ["T2w", "T1w"]
    assert rows[0]["best_of_exam"] is None
    assert rows[1]["best_of_exam"] == "best of 2 series of its exam: 5 x 2.5 x 2.5 mm, T1w"


def test_files_of_one_subject_are_an_exam(tmp_path: Path) -> None:
    for name in ("sub-1_T1w", "sub-1_FLAIR", "sub-2_FLAIR"):
        image = nibabel.Nifti1Image(np.ones((64, 64, 64), np.uint8), np.diag([3, 3, 3, 1]))
        image.set_sform(image.affine, 1)
        nibabel.save(image, tmp_path / f"{name}.nii.gz")
    index = chosen(find_cases([tmp_path]), "exam")
    assert [case.label for case in index.cases] == ["sub-1_T1w.nii.gz", "sub-2_FLAIR.nii.gz"]


def test_a_head_that_is_cut_loses(tmp_path: Path) -> None:
    write(tmp_path, "whole", VOLUME)
    write(tmp_path, "cut", replace(VOLUME, number=2, rows=32, spacing_mm=(2.4, 2.4)))
    by_number = {case.source["series_number"]: merit(case) for case in find_cases([tmp_path]).cases}
    assert by_number[1].cost_mm < by_number[2].cost_mm
    assert by_number[2].words.endswith("part of the head")


def test_infer_plans_on_the_best_series_alone(tmp_path: Path) -> None:
    write(tmp_path / "in", "a", replace(VOLUME, number=1, tags=T2))
    write(tmp_path / "in", "b", replace(VOLUME, number=2, tags=T1))
    output, who = tmp_path / "out", tmp_path / "who.csv"
    words = ["--best-of", "exam", "--mapping", str(who)]
    main(["infer", str(tmp_path / "in"), "--output", str(output), *words])
    rows = [json.loads(line) for line in (output / "results.jsonl").read_text().splitlines()]
    assert [row["reasons"] for row in rows if row["status"] == "skipped"] == ["better_series"]
    assert len(rows) == 2
    with who.open() as stream:
        named = {row["series_number"]: row["contrast"] for row in csv.DictReader(stream)}
    assert named == {"1": "T2w", "2": "T1w"}, "the series that was left aside has its words too"
