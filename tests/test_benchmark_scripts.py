"""Scripts under benchmarks/ run seldom: what they import from the package must still be there."""

import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
SCRIPTS = sorted(path.name for path in FOLDER.glob("*.py"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_finds_all_that_it_imports(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(sys, "argv", [name])
    try:
        runpy.run_path(str(FOLDER / name), run_name="imported")
    except ModuleNotFoundError as error:
        if str(error.name).startswith("callosal") or (FOLDER / f"{error.name}.py").exists():
            raise
        pytest.skip(f"{error.name} is not installed")
