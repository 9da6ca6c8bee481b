import csv
import json
import shutil
from pathlib import Path

import pytest

from callosal.pipelines.batch import session
from callosal.pipelines.cli import main
from callosal.pipelines.outputs.run_lock import run_lock
from tests.batch.made_cases import answer_at_once, write_archive

N_PARTS = 3


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Run folders of three parts of seven series, one of them broken."""
    archive = write_archive(tmp_path_factory.mktemp("archive"), 7)
    for path in sorted((archive / "s003").iterdir())[4:6]:
        path.unlink()
    folder = tmp_path_factory.mktemp("parts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "process_case", answer_at_once)
        for part in range(N_PARTS):
            _infer(archive, folder / str(part), part)
    return [folder / str(part) for part in range(N_PARTS)]


def _infer(archive: Path, output: Path, part: int, *words: str) -> None:
    shares = ["--part-id", str(part), "--num-parts", str(N_PARTS)]
    main(["infer", str(archive), "--output", str(output), "--device", "cpu", *shares, *words])


def _merge(folders: list[Path], output: Path) -> int:
    return main(["merge", *map(str, folders), "--output", str(output)])


def _rows(output: Path) -> list[dict[str, str]]:
    with (output / "results.csv").open() as stream:
        return list(csv.DictReader(stream))


def test_all_cases_of_all_parts_are_there_once(parts: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "all"
    assert _merge(parts, output) == 2, "one series is broken"
    rows = _rows(output)
    assert sorted(row["status"] for row in rows) == ["ok"] * 6 + ["skipped"]
    assert len({row["case_id"] for row in rows}) == 7
    assert len(list(output.glob("cases/*/done.json"))) == 6
    for part in parts:
        for path in part.glob("cases/*/*"):
            assert (output / path.relative_to(part)).read_bytes() == path.read_bytes()
    record = json.loads((output / "run.json").read_text())
    assert record["command"] == "merge"
    assert record["counts"] == {"ok": 6, "skipped": 1}
    assert [part["part"]["index"] for part in record["parts"]] == [0, 1, 2]
    assert str(tmp_path) not in json.dumps(record)


def test_merged_again_nothing_changes_and_a_folder_given_twice_counts_once(
    parts: list[Path], tmp_path: Path
) -> None:
    output = tmp_path / "all"
    _merge(parts, output)
    before = {path: path.read_bytes() for path in output.rglob("*.json*")}
    copy = tmp_path / "copy"
    shutil.copytree(parts[0], copy)
    _merge([*parts, copy], output)
    assert len([row for row in _rows(output) if row["status"] == "ok"]) == 6
    assert all(path.read_bytes() == before[path] for path in output.glob("cases/*/*.json"))


def test_reviews_are_taken_along(parts: list[Path], tmp_path: Path) -> None:
    source = next(part for part in parts if any(part.glob("cases/*")))
    copy = Path(shutil.copytree(source, tmp_path / "copy"))
    folder = next((copy / "cases").iterdir())
    (folder / "reviews").mkdir()
    for name in ("plan.reviewed.json", "reviews/0001.json"):
        (folder / name).write_text(json.dumps({"decision": "rejected"}))
    _merge([copy, *(part for part in parts if part != source)], tmp_path / "all")
    target = tmp_path / "all" / "cases" / folder.name
    assert (target / "reviews" / "0001.json").is_file()
    (row,) = [row for row in _rows(tmp_path / "all") if row["case_id"] == folder.name]
    assert row["status"] == "rejected"


def test_a_missing_part_is_told(
    parts: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _merge(parts[:2], tmp_path / "all") == 2
    assert "part 2 of 3 is not among the folders" in capsys.readouterr().err


def test_runs_that_differ_are_not_mixed(
    parts: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    shutil.copytree(parts[0], other)
    record = json.loads((other / "run.json").read_text())
    record["config_sha256"] = "0"
    (other / "run.json").write_text(json.dumps(record))
    assert _merge([parts[1], other], tmp_path / "all") == 1
    assert "mixed_runs: other: ran with another model" in capsys.readouterr().err
    assert not (tmp_path / "all").exists()


@pytest.mark.parametrize("lost", ["run.json", "results.jsonl"])
def test_what_is_no_run_folder_is_told(
    lost: str, parts: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    shutil.copytree(parts[0], other)
    (other / lost).unlink()
    assert _merge([parts[1], other], tmp_path / "all") == 1
    assert "bad_run_folder" in capsys.readouterr().err


def test_a_part_that_still_runs_is_waited_for(
    parts: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with run_lock(parts[0]):
        assert _merge(parts, tmp_path / "all") == 1
    assert "output_in_use" in capsys.readouterr().err
    assert _merge(parts, parts[0]) == 3


def test_a_part_that_was_done_again_replaces_its_cases(parts: list[Path], tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(max(parts, key=lambda part: len(list(part.glob("cases/*")))), again)
    output = tmp_path / "all"
    _merge([again], output)
    case = next(again.glob("cases/*"))
    done = json.loads((case / "done.json").read_text())
    done["row"]["seconds"] = 99.0
    (case / "done.json").write_text(json.dumps(done))
    (case / "overlay.png").write_bytes(b"new")
    _merge([again], output)
    assert (output / "cases" / case.name / "overlay.png").read_bytes() == b"new"
