"""Scripts under benchmarks/ run seldom: what they import from the package must still be there."""

import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
SCRIPTS = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*.py"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_finds_all_that_it_imports(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = (FOLDER / name).parent
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "argv", [name])
    try:
        runpy.run_path(str(FOLDER / name), run_name="imported")
    except ModuleNotFoundError as error:
        if str(error.name).startswith("callosal") or (folder / f"{error.name}.py").exists():
            raise
        pytest.skip(f"{error.name} is not installed")
