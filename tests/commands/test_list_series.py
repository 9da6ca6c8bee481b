import json
from dataclasses import replace
from pathlib import Path

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.commands.list_series import list_series
from tests.dicom.make_series import AXIAL, SeriesRecipe, make_series, write_slices

RECIPE = SeriesRecipe()
LOCALIZER = replace(RECIPE, number=7, orientation=AXIAL, n_slices=3)
GAPPED = replace(RECIPE, number=3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_slices(tmp_path / "good", make_series(RECIPE))
    write_slices(tmp_path / "localizer", make_series(LOCALIZER))
    return tmp_path


def test_every_stack_is_listed_with_its_verdict(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert list_series(folder, json=True) == 0
    listing = json.loads(capsys.readouterr().out)
    assert listing["schema"] == "callosal/series/1"
    assert [(row["series_number"], row["status"], row["code"]) for row in listing["stacks"]] == [
        (1, "kept", None),
        (7, "skipped", "no_sagittal_view"),
    ]
    assert (listing["n_kept"], listing["n_skipped"]) == (1, 1)


def test_the_table_tells_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "200")
    (folder / "[red]notes.txt").write_text("some text")
    assert list_series(folder) == 0
    shown = capsys.readouterr().out
    for words in ("good: series 1", "kept", "no_sagittal_view", "20x16", "[red]notes.txt"):
        assert words in shown
    assert "MARKER" not in shown


def test_a_fault_beside_a_good_stack_exits_2(folder: Path):
    write_slices(folder / "gapped", make_series(GAPPED)[1::2] + make_series(GAPPED)[:1])
    assert list_series(folder, json=True) == 2


def test_nothing_kept_exits_1(tmp_path: Path):
    write_slices(tmp_path, make_series(LOCALIZER))
    assert list_series(tmp_path, json=True) == 1


def test_an_empty_folder_is_an_input_error(tmp_path: Path):
    with pytest.raises(InputError) as caught:
        list_series(tmp_path)
    assert caught.value.code == "empty_input"


def test_eighty_columns_cut_no_word(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "80")
    (folder / "notes.txt").write_text("some text")
    assert list_series(folder) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    words = " ".join(lines).split()
    assert {"good:", "skipped", "sagittal,", "no_sagittal_view:", "notes.txt"} <= set(words)
    # Three stacks and files of two or three lines each, and the counts.
    assert len(lines) <= 12


def test_names_and_case_ids_are_shown_on_request_alone(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
):
    run = tmp_path_factory.mktemp("run")
    assert list_series(folder, json=True) == 0
    assert "MARKER" not in capsys.readouterr().out
    with pytest.raises(InputError) as caught:
        list_series(folder, run=run)
    assert caught.value.code == "no_run"
    (run / ".salt").write_text("salt")
    assert list_series(folder, json=True, run=run, names=True) == 0
    first, other = json.loads(capsys.readouterr().out)["stacks"]
    assert first["description"] == "MARKER description"
    assert {first["case_id"][:5], other["case_id"][:5]} == {"case-"}
    assert list_series(folder, run=run, names=True) == 0
    shown = capsys.readouterr().out
    assert f"{first['case_id']}, MARKER description" in shown
