"""`callosal fit`, `validate` and `test`: the Lightning CLI with short errors."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import ProgressBar
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI

from callosal.models.attention_unet import AttentionUNet
from callosal.models.bisenetv2 import BiSeNetV2
from callosal.models.errors import CallosalError, InputError
from callosal.models.generation.autoencoder import PairAutoencoder
from callosal.models.generation.denoiser import JointDenoiser
from callosal.models.vit import ViTSegmenter
from callosal.pipelines.console.process_memory import keep_freed_memory
from callosal.pipelines.console.usage import end_with_usage, option_names, plain_reason
from callosal.pipelines.training.callbacks.averaging import WarmUpAveraging
from callosal.pipelines.training.callbacks.curves import TrainingCurves
from callosal.pipelines.training.callbacks.exported_weights import ExportedWeights
from callosal.pipelines.training.callbacks.generated_pictures import GeneratedPictures
from callosal.pipelines.training.callbacks.pretrained_encoder import PretrainedEncoder
from callosal.pipelines.training.callbacks.run_checkpoint import RunCheckpoint
from callosal.pipelines.training.callbacks.run_notes import RunNotes
from callosal.pipelines.training.callbacks.sample_pictures import SamplePictures
from callosal.pipelines.training.callbacks.starting_weights import StartingWeights
from callosal.pipelines.training.callbacks.step_progress import StepProgress
from callosal.pipelines.training.callbacks.teachers import Teachers
from callosal.pipelines.training.pair_datamodule import PairDataModule
from callosal.pipelines.training.precision import RunTrainer
from callosal.pipelines.training.run_loggers import USUAL, run_loggers
from callosal.pipelines.training.run_messages import leave_out_noise
from callosal.pipelines.training.tasks import SEGMENTER, TASKS, Task, task_of

NAMED_IN_YAML = (
    AttentionUNet,
    BiSeNetV2,
    ExportedWeights,
    GeneratedPictures,
    JointDenoiser,
    PairAutoencoder,
    PretrainedEncoder,
    RunCheckpoint,
    SamplePictures,
    StartingWeights,
    Teachers,
    TrainingCurves,
    ViTSegmenter,
    WarmUpAveraging,
)
"""Importing a class is what lets a YAML name it without its package."""


class TrainingParser(LightningArgumentParser):
    """A parser whose errors take one to three lines.

    Attributes:
        words: What is parsed, for messages.
    """

    words: Sequence[str] = ()

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Tell what is wrong and the nearest name, and end with code 3."""
        if not self.exit_on_error:
            # A parser inside another one: the outer one adds where it was.
            super().error(message, ex)
        parser = getattr(ex, "subcommand_parser", None) or self
        shown = {name: f"--{name}" for name in option_names(parser)}
        shown |= {named.__name__: named.__name__ for named in NAMED_IN_YAML}
        end_with_usage(parser.prog, message, shown, parser.words)


class TrainingCLI(LightningCLI):
    """Lightning's command line for one task, with one pixel size for model and data.

    Args:
        task: What is trained.
        words: The words after `callosal`.
    """

    def __init__(self, task: Task, words: Sequence[str]) -> None:
        self._task = task
        self._words = words
        super().__init__(
            task.model,
            task.data,
            args=list(words),
            trainer_class=RunTrainer,
            parser_class=TrainingParser,
            parser_kwargs={"prog": "callosal", "allow_abbrev": False},
            save_config_kwargs={"overwrite": True},
        )

    def setup_parser(
        self, add_subcommands: bool, main_kwargs: dict[str, Any], subparser_kwargs: dict[str, Any]
    ) -> None:
        """Name the commands as they are typed."""
        super().setup_parser(add_subcommands, main_kwargs, subparser_kwargs)
        for name, parser in self._subcommand_parsers.items():
            parser.prog = f"callosal {name}"
            assert isinstance(parser, TrainingParser)
            parser.words = self._words

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Take what model and data share from the model, which carries it into the export."""
        parser.add_argument("--task", default=SEGMENTER, choices=tuple(TASKS), help="what to train")
        for name in self._task.linked:
            parser.link_arguments(f"model.{name}", f"data.{name}")

    def instantiate_trainer(self, **kwargs: Any) -> pl.Trainer:
        """The trainer of the config, with the loggers, notes and progress of every run here.

        Each gives way to what the config names itself.
        """
        config = self._get(self.config_init, "trainer")
        _check_interval(config["val_check_interval"])
        folder = config["default_root_dir"] or USUAL
        usual: dict[str, Any] = {"default_root_dir": folder}
        if config["logger"] in (None, True):
            usual["logger"] = run_loggers(Path(folder))
        if self.subcommand == "fit":
            callbacks = _listed(config["callbacks"])
            bars = any(isinstance(one, ProgressBar) for one in callbacks)
            told: list[pl.Callback] = [RunNotes()]
            if config["enable_progress_bar"] is not False and not bars:
                usual["enable_progress_bar"] = False
                told.append(StepProgress())
            # Its table counts no operations here, and the notes say how large the network is.
            usual["enable_model_summary"] = bool(config["enable_model_summary"])
            usual["callbacks"] = [*callbacks, *told]
        return super().instantiate_trainer(**usual, **kwargs)

    def after_fit(self) -> None:
        """Say where the checkpoint lies, and what comes next."""
        keepers = self.trainer.checkpoint_callbacks
        saved = [one.path for one in keepers if isinstance(one, RunCheckpoint)]
        path = next((one for one in reversed(saved) if one is not None and one.is_file()), None)
        if path is not None and self.trainer.is_global_zero:
            if not any(name.startswith("val/") for name in self.trainer.callback_metrics):
                print("no validation came within these steps (trainer.val_check_interval)")
            print(f"checkpoint: {path}")
            print(f"next: {self._task.following.format(checkpoint=path)}")

    def _parse_ckpt_path(self) -> None:
        """Take a segmenter's options from its checkpoint; those of a generator stand in its YAML.

        The hyper-parameters of a generator's checkpoint are facts about it, and no options.
        """
        if self._datamodule_class is not PairDataModule:
            super()._parse_ckpt_path()

    def instantiate_classes(self) -> None:
        """Build everything; a value that a class refuses is wrong usage, told in one line.

        Raises:
            InputError: With the code `wrong_usage`.
        """
        try:
            super().instantiate_classes()
        except (CallosalError, ValueError, TypeError) as error:
            reason = plain_reason(str(error)).splitlines()[0]
            raise InputError(reason, code="wrong_usage") from error


def run_training(words: Sequence[str]) -> None:
    """Run `fit`, `validate` or `test` with the words that follow `callosal`.

    Raises:
        InputError: There is no word but the command, or the trainer refuses the run
            (`wrong_usage`).
    """
    if len(words) == 1:
        raise InputError(
            f"needs a config, for example --config configs/attention_unet.yaml; "
            f"callosal {words[0]} --help tells the options",
            code="wrong_usage",
        )
    # Denormal numbers slow CPU convolutions down by orders of magnitude.
    torch.set_flush_denormal(True)
    keep_freed_memory()
    leave_out_noise()
    # The words are those of the command line; Lightning cannot know.
    warnings.filterwarnings("ignore", message="LightningCLI's args parameter")
    try:
        TrainingCLI(task_of(words), words)
    except MisconfigurationException as error:
        # What only this machine can tell, as a GPU that is not there.
        reason = str(error).splitlines()[0]
        raise InputError(f"the trainer refuses this run: {reason}", code="wrong_usage") from error


def _check_interval(interval: float | str | None) -> None:
    """Refuse what Lightning would divide by.

    Raises:
        ValueError: The interval is 0 or below.
    """
    if isinstance(interval, int | float) and interval <= 0:
        raise ValueError(
            f"trainer.val_check_interval must be above 0, got {interval}; "
            "trainer.limit_val_batches 0 leaves validation out"
        )


def _listed(callbacks: pl.Callback | list[pl.Callback] | None) -> list[pl.Callback]:
    return list(callbacks) if isinstance(callbacks, list) else [callbacks] if callbacks else []
