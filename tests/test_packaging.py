"""What the wheel holds, and that imports run one way."""

import ast
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("configs", "export", "models", "pipelines")


def _packages() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return project["tool"]["setuptools"]["packages"]


def test_every_package_folder_is_listed() -> None:
    found = {
        "callosal." + ".".join(path.parent.relative_to(ROOT).parts)
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("__init__.py")
    }
    assert found | {"callosal"} == set(_packages())


def test_the_folders_are_linked_into_the_package() -> None:
    links = {path.name: path for path in (ROOT / "callosal").iterdir() if path.is_symlink()}
    assert set(links) == set(FOLDERS)
    assert all(link.readlink() == Path("..") / name for name, link in links.items())


@pytest.mark.slow
def test_the_wheel_holds_packages_weights_and_configs_once(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    sources = {"callosal/__init__.py"} | {
        "callosal/" + path.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
    }
    data = {
        "callosal/" + path.relative_to(ROOT).as_posix()
        for pattern in ("configs/*.yaml", "configs/*.json", "configs/protocols/*.yaml",
                        "pipelines/protocols/*.npz", "models/weights/*.onnx",
                        "models/weights/*.md", "models/weights/*.json",
                        "pipelines/review/page/*", "pipelines/report/*.css",
                        "pipelines/report/*.js", "pipelines/report/*.html",
                        "models/weights/generator-*/**/*", "models/weights/callosum-finding/*",
                        "models/weights/error-bars/*",
                        "*/py.typed")
        for path in ROOT.glob(pattern)
        if path.is_file() and path.parent.name != "callosal"
    }  # fmt: skip
    assert {name for name in names if name.endswith(".py")} == sources
    assert data | {"callosal/py.typed"} <= set(names)
    assert len(names) == len(set(names))
    assert any(name.endswith("attention_unet.onnx") for name in names)


def _imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("models", ("callosal.pipelines", "callosal.export")),
        ("export", ("callosal.pipelines",)),
    ],
)
def test_imports_run_one_way(folder: str, forbidden: tuple[str, ...]) -> None:
    for path in (ROOT / folder).rglob("*.py"):
        assert not [name for name in _imports(path) if name.startswith(forbidden)], path
