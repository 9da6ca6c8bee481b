"""Starts a segmenter from a pretrained encoder."""

from pathlib import Path

import pytorch_lightning as pl
import torch

from callosal.models.errors import DataError
from callosal.models.generation.checkpoint import read_checkpoint

ENCODER = ("net.stem.", "net.blocks.")
"""Where the weights of stem and blocks lie in a checkpoint."""


class PretrainedEncoder(pl.Callback):
    """Copies stem and blocks of a pretraining checkpoint into a ViT segmenter before `fit`.

    List it before the averaging of weights. A resumed run takes its own checkpoint instead.

    Args:
        checkpoint: File that `fit --config configs/vit_mae.yaml` wrote.
    """

    def __init__(self, checkpoint: Path) -> None:
        self.checkpoint = checkpoint

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Copy the weights.

        Raises:
            InputError: The file is missing or is no checkpoint.
            DataError: Its encoder is of another size.
        """
        if stage == "fit":
            copy_encoder(self.checkpoint, pl_module)


def copy_encoder(checkpoint: Path, module: pl.LightningModule) -> int:
    """Copy stem and blocks into a module.

    Args:
        checkpoint: File of the pretraining.
        module: Module of the segmenter; its decoder stays as it is.

    Returns:
        How many tensors were copied.

    Raises:
        InputError: The file is missing or is no checkpoint.
        DataError: Its encoder is of another size.
    """
    weights = _encoder_weights(checkpoint)
    own = {name for name in module.state_dict() if name.startswith(ENCODER)}
    wrong = sorted(own ^ set(weights)) or [
        name for name in own if module.state_dict()[name].shape != weights[name].shape
    ]
    if wrong or not own:
        what = wrong[0] if wrong else "net.stem"
        raise DataError(
            f"{checkpoint.name}: its encoder is not the one of this network (first difference: "
            f"{what}); use the same net in both configs",
            code="other_encoder",
        )
    module.load_state_dict(weights, strict=False)
    return len(weights)


def _encoder_weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = read_checkpoint(checkpoint)["state_dict"]
    return {name: value for name, value in state.items() if name.startswith(ENCODER)}
