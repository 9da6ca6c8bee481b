"""The notebook runs from top to bottom; its pictures are pictures and its table has both files."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "first_plan.ipynb"


def _run(code: str, names: dict[str, Any]) -> object:
    """Run a cell; the value of its last line where that is an expression, as a notebook has it."""
    *body, last = ast.parse(code).body
    exec(compile(ast.Module(body, []), str(NOTEBOOK), "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), str(NOTEBOOK), "eval"), names)
    exec(compile(ast.Module([last], []), str(NOTEBOOK), "exec"), names)
    return None


def test_every_cell_runs_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    names: dict[str, Any] = {}
    shown = [_run(code, names) for code in codes]
    pictures = [value for value in shown if hasattr(value, "_repr_png_")]
    assert [type(value).__name__ for value in pictures] == ["Plan", "Callosum"]
    assert all(value._repr_png_().startswith(b"\x89PNG") for value in pictures)
    assert [row["status"] for row in names["rows"]] == ["ok", "failed"]
    assert "bad_nifti" in capsys.readouterr().out


def test_it_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") for cell in cells)
