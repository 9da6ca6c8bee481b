"""Teachers: what they mix into the mask, and what is refused."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins import Precision

from callosal.models.attention_unet import AttentionUNet
from callosal.models.errors import InputError
from callosal.models.segmentation_module import SegmentationModule
from callosal.pipelines.training.callbacks.teachers import Teachers
from tests.training.command import ROOT, TINY, run_callosal

TRAINER = cast(pl.Trainer, SimpleNamespace(precision_plugin=Precision()))


def _network(seed: int, spacing_mm: float = 1.0) -> SegmentationModule:
    torch.manual_seed(seed)
    return SegmentationModule(AttentionUNet(widths=(8, 16)), spacing_mm=spacing_mm).eval()


def _checkpoint(module: SegmentationModule, path: Path) -> Path:
    hyper_parameters: dict[str, Any] = {
        "spacing_mm": module.spacing_mm,
        "net": {
            "class_path": "callosal.models.attention_unet.AttentionUNet",
            "init_args": {"widths": [8, 16]},
        },
        "_instantiator": "pytorch_lightning.cli.instantiate_module",
    }
    content = {
        "state_dict": module.state_dict(),
        "hyper_parameters": hyper_parameters,
        "pytorch-lightning_version": pl.__version__,
    }
    torch.save(content, path)
    return path


def test_the_mask_becomes_the_mixture_of_label_and_mean_answer(tmp_path: Path) -> None:
    networks = [_network(seed) for seed in (1, 2)]
    paths = [_checkpoint(net, tmp_path / f"{i}.ckpt") for i, net in enumerate(networks)]
    teachers = Teachers(paths, share=0.25)
    pupil = _network(3)
    teachers.setup(TRAINER, pupil, "fit")
    teachers.on_fit_start(TRAINER, pupil)
    mask = torch.zeros(2, 1, 64, 64)
    mask[:, :, 20:40] = 1
    batch = {"image": torch.rand(2, 1, 64, 64), "mask": mask.clone()}
    teachers.on_train_batch_start(TRAINER, pupil, batch, 0)
    with torch.no_grad():
        answers = [torch.sigmoid(net(batch["image"])) for net in networks]
    torch.testing.assert_close(batch["mask"], 0.75 * mask + 0.125 * (answers[0] + answers[1]))
    assert not batch["mask"].requires_grad


def test_teachers_follow_the_pupil_to_its_device(tmp_path: Path) -> None:
    teachers = Teachers([_checkpoint(_network(1), tmp_path / "a.ckpt")])
    pupil = _network(2)
    teachers.setup(TRAINER, pupil, "fit")
    pupil.to("meta")  # as a strategy moves it after that hook
    teachers.on_fit_start(TRAINER, pupil)
    (teacher,) = teachers._teachers
    assert {weight.device.type for weight in teacher.parameters()} == {"meta"}


def test_a_teacher_for_other_pixels_is_refused(tmp_path: Path) -> None:
    path = _checkpoint(_network(1, spacing_mm=0.8), tmp_path / "coarse.ckpt")
    with pytest.raises(InputError, match=r"coarse\.ckpt: a teacher for pixels of 0\.8 mm"):
        Teachers([path]).setup(TRAINER, _network(2), "fit")


def test_a_file_that_is_no_segmenter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "not.ckpt").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match=r"not\.ckpt: .*no checkpoint"):
        Teachers([tmp_path / "not.ckpt"]).setup(TRAINER, _network(2), "fit")


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_shares_out_of_range_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share must lie above 0"):
        Teachers([Path("a.ckpt")], share)


def test_no_teacher_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Teachers([])


@pytest.mark.slow
def test_a_taught_run_learns_another_mask_than_an_untaught_one(tmp_path: Path) -> None:
    words = ["fit", "--config", str(ROOT / "configs" / "attention_unet.yaml"), *TINY,
             "--model.net.init_args.widths=[8,16]", "--trainer.max_steps=2"]  # fmt: skip
    assert run_callosal(*words, cwd=tmp_path).returncode == 0
    teacher = tmp_path / "runs/attention_unet/version_0/checkpoints/last.ckpt"
    taught = ["--trainer.callbacks+=Teachers", f"--trainer.callbacks.checkpoints=[{teacher}]"]
    done = run_callosal(*words, *taught, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "taught by last.ckpt for 50% of the mask" in done.stderr
    pupil = tmp_path / "runs/attention_unet/version_1/checkpoints/last.ckpt"
    first, second = (
        torch.load(path, weights_only=True)["state_dict"]["net.stem.0.weight"]
        for path in (teacher, pupil)
    )
    assert not torch.equal(first, second)


@pytest.mark.slow
def test_a_share_out_of_range_is_named_on_the_command_line(tmp_path: Path) -> None:
    words = ["--trainer.callbacks+=Teachers", "--trainer.callbacks.checkpoints=[no.ckpt]",
             "--trainer.callbacks.share=1.5"]  # fmt: skip
    config = str(ROOT / "configs" / "attention_unet.yaml")
    done = run_callosal("fit", "--config", config, *TINY, *words, cwd=tmp_path)
    assert done.returncode == 3
    assert "share must lie above 0 and be at most 1, got 1.5" in done.stderr
    assert "Union" not in done.stderr


@pytest.mark.slow
def test_a_missing_teacher_is_answered_in_three_lines(tmp_path: Path) -> None:
    words = ["--trainer.callbacks+=Teachers", "--trainer.callbacks.checkpoints=[no.ckpt]"]
    config = str(ROOT / "configs" / "attention_unet.yaml")
    done = run_callosal("fit", "--config", config, *TINY, *words, cwd=tmp_path)
    assert done.returncode in (1, 3)
    assert "no.ckpt" in done.stderr
    assert "Traceback" not in done.stderr
