"""A run that is killed and resumed, and a run over two processes, through the command line."""

import csv
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.command import ROOT, Finished, ended, process_of, run_callosal

pytestmark = pytest.mark.slow

TINY = [
    "--trainer.accelerator=cpu",
    "--trainer.precision=32",
    "--trainer.val_check_interval=100",
    "--trainer.log_every_n_steps=1",
    "--data.phantoms=10",
    "--data.size=192",
    "--data.augmentation.crop_mm=64",
    "--model.net.init_args.widths=[4,8]",
]


FIT = ["fit", "--config", str(ROOT / "configs" / "attention_unet.yaml"), *TINY]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As many as the processes have: more of them add up in another order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _passed(done: Finished) -> None:
    assert done.returncode == 0, done.stderr[-2000:]


def _checkpoint(folder: Path, version: int = 0) -> Path:
    return folder / f"runs/attention_unet/version_{version}/checkpoints/last.ckpt"


def _losses(folder: Path) -> dict[int, float]:
    losses: dict[int, float] = {}
    for table in sorted(folder.glob("runs/attention_unet/version_*/metrics.csv")):
        with table.open(newline="") as stream:
            for row in csv.DictReader(stream):
                if row["train/loss"]:
                    losses[int(row["step"])] = float(row["train/loss"])
    return losses


def _same(first: object, second: object) -> bool:
    """Whether two trees of a checkpoint hold equal values, bit for bit."""
    if isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(_same(first[k], second[k]) for k in first)
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(map(_same, first, second))
    return first == second


def test_a_killed_run_goes_on_exactly(tmp_path: Path) -> None:
    # 5 batches an epoch: step 7 lies in the middle of the second one.
    steps = ["--trainer.max_steps=30", "--data.batch_size=2"]
    every = [
        "--trainer.callbacks+=RunCheckpoint",
        "--trainer.callbacks.every_n_train_steps=7",
    ]
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    straight.mkdir()
    broken.mkdir()
    process = process_of(*FIT, *steps, *every, cwd=broken)
    while not _checkpoint(broken).is_file():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    _passed(run_callosal(*FIT, *steps, *every, cwd=straight))
    _passed(run_callosal(*FIT, *steps, *every, f"--ckpt_path={_checkpoint(broken)}", cwd=broken))
    first = torch.load(_checkpoint(straight), weights_only=True)
    second = torch.load(_checkpoint(broken, 1), weights_only=True)
    for part in ("global_step", "state_dict", "optimizer_states", "current_model_state"):
        if part in first or part in second:
            assert _same(first[part], second[part]), part


def test_two_processes_learn_as_one_with_the_same_global_batch(tmp_path: Path) -> None:
    steps = ["--trainer.max_steps=20"]
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    both = process_of(*FIT, *steps, "--data.batch_size=2", "--trainer.devices=2",
                      "--trainer.strategy=ddp", cwd=two)  # fmt: skip
    _passed(run_callosal(*FIT, *steps, "--data.batch_size=4", cwd=one))
    _passed(ended(both))
    alone, shared = _losses(one), _losses(two)
    assert len(alone) == 20
    assert alone.keys() == shared.keys()
    difference = np.array([shared[step] / alone[step] - 1 for step in alone])
    print(f"mean difference of the loss curves: {100 * np.abs(difference).mean():.2f} %")
    assert np.abs(difference).mean() < 0.03
