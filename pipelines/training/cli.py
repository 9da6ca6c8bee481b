"""`callosal fit`, `validate` and `test`: the Lightning CLI with short errors."""

import warnings
from collections.abc import Sequence
from typing import NoReturn

import torch
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI

from callosal.models.attention_unet import AttentionUNet
from callosal.models.bisenetv2 import BiSeNetV2
from callosal.models.errors import CallosalError, InputError
from callosal.models.segmentation_module import SegmentationModule
from callosal.models.vit import ViTSegmenter
from callosal.pipelines.command_line import end_with_usage
from callosal.pipelines.training.datamodule import SliceDataModule
from callosal.pipelines.training.sample_pictures import SamplePictures

NAMED_IN_YAML = (AttentionUNet, BiSeNetV2, ViTSegmenter, SamplePictures)
"""Importing a class is what lets a YAML name it without its package."""


class TrainingParser(LightningArgumentParser):
    """A parser whose errors take one to three lines."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Tell what is wrong and the nearest name, and end with code 3."""
        if not self.exit_on_error:
            # A parser inside another one: the outer one adds where it was.
            super().error(message, ex)
        parser = getattr(ex, "subcommand_parser", None) or self
        end_with_usage(parser, message, [named.__name__ for named in NAMED_IN_YAML])


class TrainingCLI(LightningCLI):
    """Lightning's command line with one pixel size for model and data."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Take the data's pixel size from the model, which carries it into the export."""
        parser.link_arguments("model.spacing_mm", "data.spacing_mm")

    def instantiate_classes(self) -> None:
        """Build everything; a value that a class refuses is wrong usage, told in one line.

        Raises:
            InputError: With the code `wrong_usage`.
        """
        try:
            super().instantiate_classes()
        except (CallosalError, ValueError, TypeError) as error:
            raise InputError(str(error).splitlines()[0], code="wrong_usage") from error


def run_training(words: Sequence[str]) -> None:
    """Run `fit`, `validate` or `test` with the words that follow `callosal`."""
    # Denormal numbers slow CPU convolutions down by orders of magnitude.
    torch.set_flush_denormal(True)
    # The words are those of the command line; Lightning cannot know.
    warnings.filterwarnings("ignore", message="LightningCLI's args parameter")
    TrainingCLI(
        SegmentationModule,
        SliceDataModule,
        args=list(words),
        parser_class=TrainingParser,
        parser_kwargs={"prog": "callosal"},
        save_config_kwargs={"overwrite": True},
    )
