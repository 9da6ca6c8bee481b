"""A callback that is for another task ends a run before it begins, in one line."""

from pathlib import Path

import pytest

from callosal.pipelines.cli import main

SMALL = ["--trainer.accelerator=cpu", "--data.phantoms=8", "--data.batch_size=2"]


@pytest.mark.parametrize(
    ("config", "words", "expected"),
    [
        ("ddpm", ["--trainer.callbacks+=Teachers", "--trainer.callbacks.checkpoints=[a.ckpt]"],
         "Teachers: they teach segmenters alone"),
        ("ddpm", ["--trainer.callbacks+=SamplePictures"], "SamplePictures: shows what segmenters"),
        ("attention_unet", ["--data.size=192", "--data.augmentation.crop_mm=64",
                            "--trainer.callbacks+=GeneratedPictures"],
         "GeneratedPictures: shows what generators"),
        ("ddpm", ["--trainer.callbacks+=ExportedWeights"], "starts segmenters alone"),
        ("vit", ["--data.size=192", "--data.augmentation.crop_mm=64",
                 "--trainer.callbacks+=PretrainedEncoder",
                 "--trainer.callbacks.checkpoint=none.ckpt"], "none.ckpt: there is no such"),
    ],
)  # fmt: skip
def test_a_callback_of_another_task_is_wrong_usage(
    config: str, words: list[str], expected: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CALLOSAL_DATA", raising=False)
    assert main(["fit", "--config", config, *SMALL, *words]) == 3
    told = capsys.readouterr().err
    assert expected in told
    assert "Traceback" not in told
