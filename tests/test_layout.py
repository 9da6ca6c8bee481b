"""The folders of pipelines/: nothing lies beside them but the doors, and imports run one way."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / "pipelines"
PACKAGE = "callosal.pipelines"
LOOSE = {"__init__.py", "py.typed", "cli.py", "settings.py", "planner.py"}


def _imported(path: Path) -> Iterator[str]:
    """Each module or name under pipelines/ that a file imports, dotted from there."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            inside = str(node.module).removeprefix(PACKAGE).removeprefix(".")
            yield from (f"{inside}.{alias.name}".removeprefix(".") for alias in node.names)
        elif isinstance(node, ast.Import):
            names = (alias.name for alias in node.names)
            yield from (n.removeprefix(f"{PACKAGE}.") for n in names if n.startswith(PACKAGE))


def imports_between_folders(root: Path) -> dict[tuple[str, str], list[str]]:
    """Imports from one folder, or loose file, to another, each as "file imports module"."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root)
        here = place.parts[0].removesuffix(".py")
        for name in _imported(path):
            there = name.split(".")[0]
            if there not in {here, ""}:
                found.setdefault((here, there), []).append(f"{place} imports {name}")
    return found


def _reach(folder: str, arrows: set[tuple[str, str]]) -> set[str]:
    """All folders that a folder imports, in one step or several."""
    reached: set[str] = set()
    ahead = {there for here, there in arrows if here == folder}
    while ahead:
        reached |= ahead
        ahead = {there for here, there in arrows if here in ahead} - reached
    return reached


def running_back(root: Path) -> list[str]:
    """Imports that are part of a circle of folders."""
    found = imports_between_folders(root)
    reach = {folder: _reach(folder, set(found)) for pair in found for folder in pair}
    return [
        line for (here, there), lines in found.items() if here in reach[there] for line in lines
    ]


def test_only_the_doors_lie_beside_the_folders() -> None:
    assert {path.name for path in ROOT.iterdir() if path.is_file()} <= LOOSE


def test_every_folder_has_code_of_its_own() -> None:
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert [path.name for path in folders if not any(path.glob("*.py"))] == []


def test_folders_import_one_way() -> None:
    assert len(imports_between_folders(ROOT)) > 20
    assert running_back(ROOT) == []


def test_an_import_that_runs_back_is_named(tmp_path: Path) -> None:
    for folder, line in (("low", ""), ("middle", "low.a"), ("high", "middle.a")):
        (tmp_path / folder).mkdir()
        text = f"from {PACKAGE}.{line} import name\n" if line else ""
        (tmp_path / folder / "a.py").write_text(text)
    assert running_back(tmp_path) == []
    (tmp_path / "low" / "b.py").write_text(f"def f():\n    from {PACKAGE}.high import a\n")
    assert "low/b.py imports high.a" in running_back(tmp_path)
