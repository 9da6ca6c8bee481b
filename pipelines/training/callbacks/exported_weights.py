"""Starts a segmenter's run from a model that ships: for fine-tuning."""

from pathlib import Path
from typing import Final

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from callosal.export.graph_weights import read_weights, restore_weights
from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import DataError, InputError, ModelFileError
from callosal.models.norm_statistics import renew_statistics
from callosal.models.segmentation_module import SegmentationModule
from callosal.pipelines.training.datamodule import SliceDataModule

BATCHES: Final = 8
"""Batches of training crops that give the batch norms their statistics."""

USUAL_LR: Final = 5e-4
"""Above this learning rate the note warns that the weights may be lost."""

MAX_DIFFERENCE: Final = 1e-3
"""Largest difference of a probability between the file and the network that took its weights."""


class ExportedWeights(pl.Callback):
    """Takes the weights of an exported segmenter before `fit`.

    An ONNX file holds no batch norms: they were folded into the convolutions. They are measured
    again on the first crops of the training, and the network then has to answer as the file does.
    Steps, learning rate and optimiser start afresh. A resumed run takes its own checkpoint instead.

    Args:
        model: Name of a segmenter that ships, or a float file of `callosal export`, of the same
            network and pixel size.
    """

    def __init__(self, model: str = DEFAULT) -> None:
        if model.endswith(".ckpt"):
            raise ValueError(f"{model}: a checkpoint; StartingWeights takes it")
        self.model = model
        self._told = ""

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Take the weights.

        Raises:
            ModelFileError: There is no such model, or it is not what was exported.
            InputError: It is no float file (`reduced_model`), for other pixels (`other_spacing`),
                or what is trained is no segmenter (`wrong_usage`).
            DataError: It is of another network (`other_network`).
        """
        if stage != "fit":
            return
        data = getattr(trainer, "datamodule", None)
        if not isinstance(pl_module, SegmentationModule) or not isinstance(data, SliceDataModule):
            raise InputError(
                "ExportedWeights: starts segmenters alone; StartingWeights takes the checkpoint "
                "of anything else",
                code="wrong_usage",
            )
        take_weights(_file(self.model), pl_module, list(data.first_crops(BATCHES)))
        self._told = f"starting from the weights of {Path(self.model).name}"
        if pl_module.lr > USUAL_LR:
            self._told += (
                f"; model.lr {pl_module.lr:g} is one for a start from nothing and may spoil them, "
                f"{USUAL_LR:g} is gentler"
            )

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Tell of a resumed run that its checkpoint counts; `setup` cannot know of it."""
        if trainer.ckpt_path is not None:
            self._told = "going on with the weights of the checkpoint"

    def note(self) -> str:
        """One line for the start of the run."""
        return self._told


def take_weights(path: Path, module: SegmentationModule, crops: list[Tensor]) -> None:
    """Give a module the weights of an exported file.

    Args:
        path: File of `callosal export`.
        module: Module of the same network.
        crops: Training crops (B, 1, C, C), at least one batch.

    Raises:
        ModelFileError: The file is missing or is not what was exported.
        InputError: It is no float file (`reduced_model`) or for other pixels (`other_spacing`).
        DataError: It is of another network (`other_network`).
    """
    file = open_segmenter(path, "cpu")
    _check_kind(file, module, path.name)
    restore_weights(read_weights(path), module, path.name)
    renew_statistics(module, crops)
    with torch.inference_mode():
        own = torch.sigmoid(module(crops[0])).numpy()
    module.train()
    difference = float(np.abs(own - file.probability(crops[0].numpy())).max())
    # Not greater: a difference that is no number is refused as well.
    if not difference <= MAX_DIFFERENCE:
        raise DataError(
            f"{path.name}: with its weights this config's network answers otherwise (probability "
            f"off by {difference:.2g}); take the config that it was trained with",
            code="other_network",
        )
    module.started_from = f"started from {file.contract.name}: {file.contract.training_data}"


def _file(model: str) -> Path:
    """The file of a model; a missing one is reported without the options of other commands."""
    try:
        return resolve_model(model)
    except ModelFileError as error:
        reason = str(error).removeprefix("--model ")
        raise ModelFileError(f"ExportedWeights: {reason}", code=error.code) from error


def _check_kind(file: Segmenter, module: SegmentationModule, name: str) -> None:
    contract = file.contract
    if contract.precision != "fp32":
        raise InputError(
            f"{name}: its weights are {contract.precision}; name the float model it was made of",
            code="reduced_model",
        )
    if contract.spacing_mm != module.spacing_mm:
        raise InputError(
            f"{name}: is for pixels of {contract.spacing_mm:g} mm and cannot start a network for "
            f"{module.spacing_mm:g} mm; set model.spacing_mm to {contract.spacing_mm:g}",
            code="other_spacing",
        )
