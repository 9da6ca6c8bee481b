"""The group level through the real command: tables, page, and what it says of missing columns."""

import json
import re
from pathlib import Path

import pytest

from callosal.pipelines.bids.tsv import read_tsv
from callosal.pipelines.cli import main
from tests.group.made_group import MADE_WITH, PEOPLE, make_group


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    dataset, output = make_group(tmp_path_factory.mktemp("group"))
    assert main(["bids", str(dataset), str(output), "group"]) == 0
    return dataset, output


def data_of(page: str) -> dict[str, object]:
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert block is not None
    return dict(json.loads(block[1]))


def test_the_tables_hold_every_value(folders: tuple[Path, Path]) -> None:
    rows = read_tsv(folders[1] / "group.tsv")
    assert len(rows) == 2 * PEOPLE
    assert {"age", "group", "status", "area_mm2", "thickness_001_mm", "thickness_100_mm"} <= set(
        rows[0]
    )
    differences = read_tsv(folders[1] / "group_differences.tsv")
    assert [row["measure"] for row in differences] == ["area_mm2", "cc_index"]
    assert all(0 <= float(str(row["q"])) <= 1 for row in differences)
    places = read_tsv(folders[1] / "group_thickness.tsv")
    assert len(places) == 100
    assert float(str(places[70]["q"])) < 0.05


def test_the_page_is_whole_and_loads_nothing(folders: tuple[Path, Path]) -> None:
    page = (folders[1] / "group.html").read_text(encoding="utf-8")
    assert "Made &lt;group&gt;" in page
    assert not re.findall(r"""(?:src|href)=["']https?:""", page)
    assert "default-src 'none'" in page
    assert str(folders[0]) not in page
    data = data_of(page)
    rows = data["rows"]
    assert isinstance(rows, list)
    assert [row["participant_id"] for row in rows if row["outliers"]] == ["sub-01", "sub-01"]
    assert data["groups"] == ["a", "b"]


def test_a_missing_column_is_said_and_leaves_no_stale_table(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, output = folders
    words = ["bids", str(dataset), str(output), "group", "--group.group_column"]
    assert main([*words, "diagnosis"]) == 0
    told = capsys.readouterr().err
    assert "no column 'diagnosis'" in told
    assert not (output / "group_differences.tsv").exists()
    assert main([*words, "SEX"]) == 0
    assert read_tsv(output / "group_differences.tsv")[0]["group_1"] == "F"


def test_without_results_or_dataset_it_says_what_to_do(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bids", str(folders[0]), str(tmp_path), "group"]) == 1
    assert "participant" in capsys.readouterr().err
    assert main(["bids", str(tmp_path / "no"), str(tmp_path), "group"]) == 1
    assert "no_such_input" in capsys.readouterr().err


def test_what_is_not_compared_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset, output = make_group(tmp_path, n_people=3)
    words = ["bids", str(dataset), str(output), "group"]
    assert main(words) == 0
    assert "not compared: a (1), b (2)" in capsys.readouterr().err
    assert not (output / "group_differences.tsv").exists()
    assert main([*words, "--group.group_column", "sex"]) == 0
    assert "not compared: F (1), M (2)" in capsys.readouterr().err
    (dataset / "participants.tsv").unlink()
    assert main(words) == 0
    told = capsys.readouterr().err
    assert "has no participants.tsv" in told
    assert "has no column" not in told


def test_what_to_check_is_on_the_console_and_on_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, output = make_group(tmp_path)
    plan = output / "sub-07" / "ses-1" / "anat" / "sub-07_ses-1_desc-callosum_plan.json"
    plan.write_text(json.dumps({**MADE_WITH, "config_sha256": "fedcba98"}))
    assert main(["bids", str(dataset), str(output), "group"]) == 0
    said = (
        "31 images with callosal 9.9, model net 01234567, config-abcdefab (sub-01, sub-02, sub-03, "
        "sub-04, sub-05, sub-06, sub-07, sub-08 and 8 more); 1 image with callosal 9.9, model net "
        "01234567, config-fedcba98 (sub-07)"
    )
    told = capsys.readouterr().err
    assert f"check: the images were not all measured alike: {said}" in told
    assert "check: participants.tsv lists sub-99, without any result" in told
    found = data_of((output / "group.html").read_text(encoding="utf-8"))["checks"]
    assert isinstance(found, list)
    assert said in found[0]
    sidecar = json.loads((output / "group.json").read_text())
    assert set(sidecar) == set(read_tsv(output / "group.tsv")[0])
    assert sidecar["settings"]["Levels"] == {
        "config-abcdefab": "31 images", "config-fedcba98": "1 image",
    }  # fmt: skip
