"""The mapping: on request alone, for one person alone, and nowhere near the results."""

import csv
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
import pytest

from callosal.models.errors import InputError
from callosal.pipelines.batch import session
from callosal.pipelines.batch.mapping import write_mapping
from callosal.pipelines.cli import main
from callosal.pipelines.outputs.mapping_file import COLUMNS, name_line, named_cases
from callosal.pipelines.outputs.results import read_rows
from tests.batch.made_cases import answer_at_once, refuse, write_archive

MARKER = "Secret^Marker"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp("archive") / MARKER, 2)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "process_case", answer_at_once)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """The most careless setting there is."""
    before = os.umask(0)
    yield
    os.umask(before)


def _infer(archive: Path, output: Path, *words: str) -> int:
    return main(["infer", str(archive), "--output", str(output), "--device", "cpu", *words])


def _lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _texts(output: Path) -> bytes:
    return b"".join(path.read_bytes() for path in output.rglob("*")
                    if path.is_file() and path.suffix != ".dcm")  # fmt: skip


def test_unasked_there_is_none(archive: Path, tmp_path: Path) -> None:
    assert _infer(archive, tmp_path / "out") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert MARKER.encode() not in _texts(tmp_path / "out")


@pytest.mark.usefixtures("open_umask")
def test_it_names_series_and_folders_and_nothing_else_does(archive: Path, tmp_path: Path) -> None:
    mapping, output = tmp_path / "who.csv", tmp_path / "out"
    mapping.touch(mode=0o666)
    assert _infer(archive, output, "--mapping", str(mapping)) == 0
    lines = _lines(mapping)
    assert tuple(lines[0]) == COLUMNS
    assert {line["case_id"] for line in lines} == {path.name for path in output.glob("cases/*")}
    assert {Path(line["folder"]).name for line in lines} == {"s001", "s002"}
    assert all(MARKER in line["folder"] for line in lines)
    assert all(line["series_uid"].startswith("1.2.") and line["n_files"] == "10" for line in lines)
    assert stat.S_IMODE(mapping.stat().st_mode) == 0o600
    secrets = [MARKER, str(tmp_path), *(line["series_uid"] for line in lines)]
    assert [word for word in secrets if word.encode() in _texts(output)] == []
    assert not list(tmp_path.glob(".*.tmp"))


def test_what_was_skipped_is_named_too(archive: Path, tmp_path: Path) -> None:
    mixed, mapping, output = tmp_path / MARKER, tmp_path / "who.csv", tmp_path / "out"
    shutil.copytree(archive / "s001", mixed / "s001")
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 4, 1), np.uint8), np.eye(4)), mixed / "flat.nii")
    for name in ("one.txt", "two.txt"):
        (mixed / name).write_text("no image")
    _infer(mixed, output, "--mapping", str(mapping))
    rows = {row["case_id"]: row for row in read_rows(output)}
    lines = {line["case_id"]: line for line in _lines(mapping)}
    assert lines.keys() == rows.keys()
    skipped = {rows[name]["reasons"]: line for name, line in lines.items()
               if rows[name]["status"] == "skipped"}  # fmt: skip
    assert skipped["not_dicom"]["file"] == "one.txt (and 1 more)"
    assert skipped["not_dicom"]["n_files"] == "2"
    (flat,) = (line for line in skipped.values() if line["file"] == "flat.nii")
    assert flat["folder"] == str(mixed)
    assert MARKER.encode() not in _texts(output)


def test_cases_of_other_inputs_stay_in_it(archive: Path, tmp_path: Path) -> None:
    mapping, output = tmp_path / "who.csv", tmp_path / "out"
    for name in ("s001", "s002", "s001"):
        assert _infer(archive / name, output, "--mapping", str(mapping)) == 0
    assert [Path(line["folder"]).name for line in _lines(mapping)].count("s001") == 1
    assert len(_lines(mapping)) == 2


@pytest.mark.parametrize("place", ["out/who.csv", "out/cases/who.csv", "link/who.csv"])
def test_it_may_not_lie_among_the_results(
    place: str, archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    mapping = tmp_path / place
    assert _infer(archive, tmp_path / "out", "--mapping", str(mapping)) == 1
    assert "mapping_in_output" in capsys.readouterr().err
    assert not mapping.exists()


def test_another_file_is_not_overwritten(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "thesis.csv"
    other.write_text("a,b\n1,2\n")
    assert _infer(archive, tmp_path / "out", "--mapping", str(other)) == 3
    assert "name another file" in capsys.readouterr().err
    assert other.read_text() == "a,b\n1,2\n"


def test_it_is_written_later_without_planning_again(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping, output = tmp_path / "who.csv", tmp_path / "out"
    _infer(archive, output)
    monkeypatch.setattr(session, "process_case", refuse)
    assert _infer(archive, output, "--mapping", str(mapping)) == 0
    lines = _lines(mapping)
    assert {line["series_number"] for line in lines} == {"1", "2"}
    assert {line["description"] for line in lines} == {"MARKER description"}
    assert {line["orientation"] for line in lines} == {"sagittal"}


def test_a_mapping_of_an_older_version_is_read_and_completed(tmp_path: Path) -> None:
    mapping = tmp_path / "who.csv"
    mapping.write_text("case_id,kind,study_uid,series_uid,n_files,folder,file\n"
                       "case-1,nifti,,,1,/data,head.nii.gz\n")  # fmt: skip
    assert name_line(named_cases(mapping)["case-1"]) == "head.nii.gz"
    write_mapping(mapping, {})
    assert tuple(_lines(mapping)[0]) == COLUMNS


def test_mappings_of_parts_are_joined(archive: Path, tmp_path: Path) -> None:
    parts = []
    for part in ("0", "1"):
        share = ("--part-id", part, "--num-parts", "2", "--mapping", str(tmp_path / f"{part}.csv"))
        _infer(archive, tmp_path / part, *share)
        parts.append(str(tmp_path / part))
    joined = tmp_path / "all.csv"
    words = ["--mapping", str(joined), "--mappings", *(f"{part}.csv" for part in parts)]
    assert main(["merge", *parts, "--output", str(tmp_path / "all"), *words]) == 0
    rows = {row["case_id"] for row in read_rows(tmp_path / "all")}
    assert {line["case_id"] for line in _lines(joined)} == rows
    assert stat.S_IMODE(joined.stat().st_mode) == 0o600
    assert main(["merge", *parts, "--output", str(tmp_path / "all"), *words[:2]]) == 3


def test_a_mapping_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        named_cases(tmp_path / "who.csv")
    assert error.value.code == "no_mapping"
