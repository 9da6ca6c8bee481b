"""Starts a run from the weights of another one: for fine-tuning."""

from pathlib import Path

import pytorch_lightning as pl

from callosal.models.errors import DataError
from callosal.models.generation.checkpoint import read_checkpoint
from callosal.models.segmentation_module import SegmentationModule


class StartingWeights(pl.Callback):
    """Copies the averaged weights of a trained network into one of the same shape before `fit`.

    Steps, learning rate and optimiser start afresh, unlike with `--ckpt_path`, which goes on with a
    run. A latent generator takes its autoencoder along. A resumed run takes its own checkpoint
    instead.

    Args:
        checkpoint: File that `callosal fit` wrote for the same network.
    """

    def __init__(self, checkpoint: Path) -> None:
        self.checkpoint = checkpoint

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Copy the weights.

        Raises:
            InputError: The file is missing or is no checkpoint.
            DataError: It is of another network.
        """
        if stage == "fit":
            copy_weights(self.checkpoint, pl_module)

    def note(self) -> str:
        """One line for the start of the run."""
        return f"starting from the weights of {self.checkpoint.name}"


def copy_weights(checkpoint: Path, module: pl.LightningModule) -> None:
    """Copy all weights of a checkpoint into a module.

    Raises:
        InputError: The file is missing or is no checkpoint.
        DataError: It is of another network.
    """
    content = read_checkpoint(checkpoint)
    weights = content["state_dict"]
    own = module.state_dict()
    wrong = sorted(set(own) ^ set(weights)) or [
        name for name in own if own[name].shape != weights[name].shape
    ]
    if wrong:
        raise DataError(
            f"{checkpoint.name}: holds another network than this config's (first difference: "
            f"{wrong[0]}); use the same model in both runs",
            code="other_network",
        )
    module.load_state_dict(weights)
    if isinstance(module, SegmentationModule):
        module.started_from = content.get("started_from", "")
