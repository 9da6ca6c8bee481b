"""The commands, files and Python of the pages in docs/ are run, in their order.

Marks in a page, each on the line before a block: `<!-- run -->` its `$ ` lines are run (a
backslash continues a line), `<!-- file: NAME -->` it is written to that file, `<!-- test -->` its
Python is run.
All blocks of a page share one folder, in which `configs` is that of the project, as in a clone.
The commands of install.md are typed into a shell. Elsewhere those that begin with `callosal`, or
with `PYTHONPATH=. callosal`, are called in this process, which need not import anything again.
"""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.training.command import run_callosal

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"<!-- (run|test|file: ([\w.-]+)) -->\n```\w*\n(.*?)```", re.DOTALL)
TRAINS = "callosal fit"
OWN_MODULES = "PYTHONPATH=. "


@dataclass(frozen=True)
class Block:
    """A marked block: its mark, the file it is written to, and its text."""

    mark: str
    file: str
    text: str


def marked(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    marks = re.findall(r"^<!-- (run|test|file)\b", text, re.MULTILINE)
    assert len(BLOCK.findall(text)) == len(marks), page
    return [Block(mark.split(":")[0], file, body) for mark, file, body in BLOCK.findall(text)]


PAGES = {page.name: blocks for page in sorted(DOCS.glob("**/*.md")) if (blocks := marked(page))}


def shell(command: str, folder: Path) -> None:
    scripts = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": scripts + os.pathsep + os.environ["PATH"], "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True,
        timeout=1800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"


def here(command: str, folder: Path) -> None:
    _, *words = shlex.split(command.removeprefix(OWN_MODULES).replace("\\\n", ""))
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        if command.startswith(OWN_MODULES):
            patch.syspath_prepend(folder)
        if words[0] == "export":
            # The plan angle of the noise that two steps leave takes a second, at each of 18 shapes.
            patch.setattr("callosal.export.parity.SIZES", ((97, 131),))
        done = run_callosal(*words, cwd=folder)
    for name in {path.stem for path in folder.glob("*.py")} & (set(sys.modules) - before):
        del sys.modules[name]
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"


def follow(page: str, folder: Path) -> None:
    (folder / "configs").symlink_to(ROOT / "configs")
    for block in PAGES[page]:
        if block.mark == "file":
            (folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.mark == "test":
            (folder / "page.py").write_text(block.text, encoding="utf-8")
            shell(f'"{sys.executable}" page.py', folder)
        else:
            commands = re.findall(r"^\$ ((?:.*\\\n)*.*)$", block.text, re.MULTILINE)
            assert commands
            for command in commands:
                plain = command.removeprefix(OWN_MODULES)
                typed = page == "install.md" or not plain.startswith("callosal ")
                (shell if typed else here)(command, folder)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(page: str, tmp_path: Path) -> None:
    if any(TRAINS in block.text for block in PAGES[page]):
        pytest.importorskip("pytorch_lightning", reason="training needs the extra `train`")
    follow(page, tmp_path)


def test_the_tour_and_the_network_are_among_them() -> None:
    assert {"tour.md", "network.md", "install.md", "export.md"} <= set(PAGES)
