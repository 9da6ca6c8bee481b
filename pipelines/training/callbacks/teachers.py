"""Trained segmenters as teachers of a new one."""

from collections.abc import Sequence
from pathlib import Path

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from callosal.models.errors import InputError
from callosal.models.segmentation_module import SegmentationModule
from callosal.models.segmenter_checkpoint import load_segmenter


class Teachers(pl.Callback):
    """Mixes what trained segmenters see in each augmented crop into the mask that is learned.

    The mean of several networks is steadier than any of them, and than labels whose outline
    differs from rater to rater; one small network learns to answer as they do together
    (distillation, Hinton et al. 2015, arXiv 1503.02531).

    Args:
        checkpoints: Files that `callosal fit` wrote for segmenters of the same pixel size, of
            any architecture.
        share: Weight of the teachers' mean probability in the mask, above 0 and at most 1; the
            rest is the label's.
    """

    def __init__(self, checkpoints: list[Path], share: float = 0.5) -> None:
        if not checkpoints:
            raise ValueError("checkpoints must name at least one trained segmenter")
        if not 0 < share <= 1:
            raise ValueError(f"share must lie above 0 and be at most 1, got {share}")
        self.checkpoints = checkpoints
        self.share = share
        self._teachers: Sequence[nn.Module] = ()

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Load the teachers.

        Raises:
            InputError: A file is no checkpoint of a segmenter, or of one for other pixels, or
                what is trained is no segmenter.
        """
        if stage == "fit":
            if not isinstance(pl_module, SegmentationModule):
                raise InputError(
                    "Teachers: they teach segmenters alone; leave it out of this config",
                    code="wrong_usage",
                )
            self._teachers = [_teacher(path, pl_module) for path in self.checkpoints]

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Bring the teachers to the pupil, which has its device by now with every strategy."""
        self._teachers = [teacher.to(pl_module.device) for teacher in self._teachers]

    def on_train_batch_start(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        batch: dict[str, Tensor],
        batch_idx: int,
    ) -> None:
        """Replace the mask (B, 1, H, W) of a batch by the mixture, in [0, 1] as it was."""
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            answers = [torch.sigmoid(teacher(batch["image"]).float()) for teacher in self._teachers]
        batch["mask"] = torch.lerp(batch["mask"], torch.stack(answers).mean(0), self.share)

    def note(self) -> str:
        """One line for the start of the run."""
        names = ", ".join(path.name for path in self.checkpoints)
        return f"taught by {names} for {self.share:.0%} of the mask"

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Let go of the teachers."""
        self._teachers = ()


def _teacher(path: Path, pupil: SegmentationModule) -> SegmentationModule:
    """A frozen segmenter that sees the pixels of the one that learns from it."""
    teacher = load_segmenter(path)
    if teacher.spacing_mm != pupil.spacing_mm:
        raise InputError(
            f"{path.name}: a teacher for pixels of {teacher.spacing_mm:g} mm cannot teach a "
            f"network for {pupil.spacing_mm:g} mm; give both the same model.spacing_mm",
            code="other_spacing",
        )
    return teacher.requires_grad_(False)
