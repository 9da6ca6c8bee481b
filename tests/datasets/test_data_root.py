"""Where `fit` looks for data: what is asked for, else $CALLOSAL_DATA, and nowhere else."""

from pathlib import Path

import pytest

from callosal.models.errors import DataError
from callosal.pipelines.datasets.data_root import VARIABLE, chosen_root, source_note

ROOT = Path(__file__).resolve().parents[2]


def test_the_folder_is_the_one_asked_for_else_that_of_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, usual = tmp_path / "asked", tmp_path / "usual"
    asked.mkdir()
    usual.mkdir()
    monkeypatch.setenv(VARIABLE, str(usual))
    assert chosen_root(asked) == asked
    assert chosen_root(None) == usual
    monkeypatch.delenv(VARIABLE)
    assert chosen_root(None) is None


def test_nothing_is_taken_that_was_not_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shared" / "data" / "abide-cc").mkdir(parents=True)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.delenv(VARIABLE, raising=False)
    assert chosen_root(None) is None
    assert "training on the phantom" in source_note([], 8, 4, 0)


def test_a_variable_that_names_no_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The phantom in its place would teach nothing of heads.
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    with pytest.raises(DataError, match=r"CALLOSAL_DATA: the folder .*none does not exist"):
        chosen_root(None)


def test_the_product_names_no_folder_of_the_machines_it_was_built_on() -> None:
    files = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "configs").glob("*.yaml")]
    for folder in ("export", "models", "pipelines"):
        files += (ROOT / folder).rglob("*.py")
    assert not [path.name for path in files if "../shared" in path.read_text(encoding="utf-8")]
