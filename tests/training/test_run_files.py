"""Configs by the name under which they ship, and the checkpoint that `last` means."""

import os
from pathlib import Path

import pytest
import torch

from callosal.models.errors import InputError
from callosal.pipelines.cli import main
from callosal.pipelines.training.run_files import (
    found_checkpoint,
    shipped_configs,
    with_shipped_configs,
)


def _checkpoint(path: Path, age_s: int) -> Path:
    path.parent.mkdir(parents=True)
    torch.save({"state_dict": {}}, path)
    os.utime(path, (1e9 - age_s, 1e9 - age_s))
    return path


def test_a_config_that_ships_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = str(shipped_configs()["attention_unet"])
    words = ["fit", "--config", "attention_unet", "--config=own.yaml", "--model.lr", "vit"]
    assert with_shipped_configs(words) == [
        "fit", "--config", shipped, "--config=own.yaml", "--model.lr", "vit"
    ]  # fmt: skip
    assert with_shipped_configs(["--config=vit"]) == [f"--config={shipped_configs()['vit']}"]
    # A file of one's own comes first.
    (tmp_path / "vit").write_text("model:\n", encoding="utf-8")
    assert with_shipped_configs(["--config=vit"]) == ["--config=vit"]


def test_last_is_the_checkpoint_written_last(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--ckpt_path last: no run under") as caught:
        found_checkpoint("last", tmp_path)
    assert caught.value.code == "wrong_usage"
    newest = _checkpoint(tmp_path / "version_3" / "checkpoints" / "last.ckpt", 10)
    _checkpoint(tmp_path / "version_12" / "checkpoints" / "last.ckpt", 99)
    assert found_checkpoint("last", tmp_path) == newest
    assert found_checkpoint(str(newest), tmp_path) == newest


def test_checkpoints_that_are_missing_or_cut_are_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = _checkpoint(tmp_path / "run" / "cut.ckpt", 0)
    path.write_bytes(path.read_bytes()[:-200])
    starts = ["--trainer.callbacks+=StartingWeights"]
    for words, code, expected in (
        (["--ckpt_path", "none.ckpt"], 3, "none.ckpt: there is no such file"),
        (["--ckpt_path", "best"], 3, "best: there is no such file"),
        (["--ckpt_path", "last"], 3, "no run under runs/attention_unet has a checkpoint"),
        (["--ckpt_path", str(path)], 1, "cut.ckpt: cannot be read as a checkpoint"),
        ([*starts, "--trainer.callbacks.checkpoint=no.ckpt"], 3, "no.ckpt: there is no such"),
        ([*starts, f"--trainer.callbacks.checkpoint={path}"], 1, "cut.ckpt: cannot be read"),
    ):
        assert main(["fit", "--config", "attention_unet", "--data.size=192", "--data.phantoms=8",
                     "--data.augmentation.crop_mm=64", *words]) == code  # fmt: skip
        told = capsys.readouterr().err
        assert expected in told
        assert "Traceback" not in told


@pytest.mark.parametrize("command", ["validate", "test"])
def test_a_score_of_untrained_weights_is_refused(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--config", "attention_unet"]) == 3
    assert "needs --ckpt_path" in capsys.readouterr().err


@pytest.mark.parametrize(
    "word",
    ["--trainer.val_check_interval=0", "--trainer.val_check_interval=0.0",
     "--trainer.val_check_interval=00:00:00:00", "--trainer.check_val_every_n_epoch=0",
     "--trainer.accumulate_grad_batches=0", "--trainer.max_steps=0", "--trainer.max_steps=-7"],
)  # fmt: skip
def test_intervals_of_nothing_are_refused(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--config", "attention_unet", "--data.phantoms=8", word]) == 3
    assert "must be above 0" in capsys.readouterr().err


def test_no_config_and_no_model_is_answered_with_an_example(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["fit", "--trainer.max_steps", "5"]) == 3
    assert "needs a config, for example --config attention_unet" in capsys.readouterr().err
