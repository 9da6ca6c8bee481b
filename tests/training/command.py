"""The command line as tests of training run it: in this process, which need not start torch."""

import os
import subprocess
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
import yaml

from callosal.pipelines.cli import main

ROOT = Path(__file__).resolve().parents[2]
TINY = [
    "--trainer.accelerator=cpu",
    "--trainer.precision=32",
    "--trainer.val_check_interval=2",
    "--trainer.log_every_n_steps=1",
    "--data.phantoms=8",
    "--data.batch_size=2",
    "--data.size=192",
    "--data.augmentation.crop_mm=64",
]


def few_pictures(config: str, folder: Path) -> Path:
    """A copy of a shipped generator's config that draws two samples in two steps, not 16 in 20."""
    content = yaml.safe_load((ROOT / "configs" / f"{config}.yaml").read_text(encoding="utf-8"))
    (pictures,) = (
        one for one in content["trainer"]["callbacks"] if one["class_path"] == "GeneratedPictures"
    )
    pictures.setdefault("init_args", {}).update(count=2, steps=2)
    folder.mkdir(exist_ok=True)
    path = folder / f"{config}.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Finished:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def run_callosal(*words: str, cwd: Path) -> Finished:
    """Run a command in this process, in a folder and without the user's data."""
    with (
        pytest.MonkeyPatch.context() as patch,
        warnings.catch_warnings(),
        redirect_stdout(StringIO()) as out,
        redirect_stderr(StringIO()) as err,
    ):
        patch.chdir(cwd)
        patch.delenv("CALLOSAL_DATA", raising=False)
        returncode = main(words)
    return Finished(returncode, out.getvalue(), err.getvalue())


def process_of(*words: str, cwd: Path) -> "subprocess.Popen[str]":
    """Start a command as the console script does, in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    environment.pop("CALLOSAL_DATA", None)
    environment["PYTHONPATH"] = str(ROOT)
    # A file, for the second process of a distributed run is started by the same words.
    script = cwd / "callosal.py.txt"
    script.write_text("from callosal.pipelines.cli import run\n\nrun()\n", encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, str(script), *words], cwd=cwd, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(process: "subprocess.Popen[str]") -> Finished:
    """Wait for a process, and give what it printed."""
    out, err = process.communicate(timeout=300)
    return Finished(process.returncode, out, err)
