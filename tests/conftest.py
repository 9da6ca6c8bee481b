"""Fixtures shared by all tests."""

import gc
import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile("repeatable")
"""A run of the tests gives one verdict, on a busy machine too; `--hypothesis-profile search` looks
for new cases."""

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported here stays to the end: garbage is not looked for in it."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True)
def subnormal_floats() -> Iterator[None]:
    """Undo what a training sets for its process: that the smallest floats count as zero."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real series and slices beside the project; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no ../shared/data beside the project: tests on real series are skipped")
    return SHARED_DATA


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree; skips where pip or setuptools cannot be had."""
    folder = tmp_path_factory.mktemp("wheel")
    # From a copy: setuptools leaves a build folder, and takes stale files from one.
    source = folder / "source"
    source.mkdir()
    for name in ("callosal", "configs", "export", "models", "pipelines"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", folder, source]
    built = subprocess.run(command, capture_output=True, text=True)
    for reason in ("No module named pip", "No matching distribution found for setuptools"):
        if reason in built.stderr:
            pytest.skip(f"no wheel can be built here: {reason}")
    assert built.returncode == 0, built.stderr
    (found,) = folder.glob("*.whl")
    return found
