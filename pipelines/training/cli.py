"""`callosal fit`, `validate` and `test`: the Lightning CLI with short errors."""

import shlex
import warnings
from collections.abc import Mapping, Sequence
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
from callosal.pipelines.console.usage import (
    check_configs,
    end_with_usage,
    option_names,
    plain_reason,
)
from callosal.pipelines.training.callbacks.averaging import WarmUpAveraging
from callosal.pipelines.training.callbacks.curves import TrainingCurves
from callosal.pipelines.training.callbacks.exported_weights import ExportedWeights
from callosal.pipelines.training.callbacks.generated_pictures import GeneratedPictures
from callosal.pipelines.training.callbacks.interruption import Interruption
from callosal.pipelines.training.callbacks.pretrained_encoder import PretrainedEncoder
from callosal.pipelines.training.callbacks.run_checkpoint import RunCheckpoint
from callosal.pipelines.training.callbacks.run_notes import RunNotes
from callosal.pipelines.training.callbacks.sample_pictures import SamplePictures
from callosal.pipelines.training.callbacks.starting_weights import StartingWeights
from callosal.pipelines.training.callbacks.step_progress import StepProgress
from callosal.pipelines.training.callbacks.teachers import Teachers
from callosal.pipelines.training.pair_datamodule import PairDataModule
from callosal.pipelines.training.precision import RunTrainer
from callosal.pipelines.training.run_files import found_checkpoint, with_shipped_configs
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


STARTS = (ExportedWeights, PretrainedEncoder, StartingWeights)
"""Callbacks that give a network its weights before the first step."""


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
        self._interruption = Interruption()
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
        _check_intervals(config)
        folder = config["default_root_dir"] or USUAL
        usual: dict[str, Any] = {"default_root_dir": folder}
        if config["logger"] in (None, True):
            usual["logger"] = run_loggers(Path(folder))
        if self.subcommand == "fit":
            # Weights to start from come first: whatever averages or watches them needs them.
            callbacks = sorted(
                _listed(config["callbacks"]), key=lambda one: not isinstance(one, STARTS)
            )
            if any(isinstance(one, STARTS) for one in callbacks) and not self._ckpt_path():
                # What the fine-tuning is worth is seen beside the score of its start.
                usual["num_sanity_val_steps"] = -1
            bars = any(isinstance(one, ProgressBar) for one in callbacks)
            notes: list[pl.Callback] = [RunNotes(), self._interruption]
            if config["enable_progress_bar"] is not False and not bars:
                usual["enable_progress_bar"] = False
                notes.append(StepProgress())
            # Its table counts no operations here, and the notes say how large the network is.
            usual["enable_model_summary"] = bool(config["enable_model_summary"])
            usual["callbacks"] = [*callbacks, *notes]
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
            if self._interruption.happened:
                print(f"next: the same command with --ckpt_path {shlex.quote(str(path))}")
            else:
                print(f"next: {self._task.following.format(checkpoint=shlex.quote(str(path)))}")
        if self._interruption.happened:
            # What follows in a script is not to take the run for finished.
            raise KeyboardInterrupt

    def _ckpt_path(self) -> str | None:
        path: str | None = self.config[self.config.subcommand].get("ckpt_path")
        return path

    def _parse_ckpt_path(self) -> None:
        """Find the checkpoint, and take a segmenter's options from it.

        Those of a generator stand in its YAML: the hyper-parameters of its checkpoint are facts
        about it, and no options.

        Raises:
            InputError: There is none, it is no checkpoint, or one is needed.
        """
        options = self.config[self.config.subcommand]
        if options.get("ckpt_path") is not None:
            folder = Path(options["trainer"]["default_root_dir"] or USUAL)
            path = found_checkpoint(str(options["ckpt_path"]), folder)
            options["ckpt_path"] = str(path)
        elif self.config.subcommand != "fit":
            raise InputError(
                "needs --ckpt_path FILE.ckpt, or --ckpt_path last: without one it would score a "
                "network that has learned nothing",
                code="wrong_usage",
            )
        if self._datamodule_class is not PairDataModule:
            super()._parse_ckpt_path()

    def instantiate_classes(self) -> None:
        """Build everything; a value that a class refuses is wrong usage, shown in one line.

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
    words = [words[0], *with_shipped_configs(words[1:])]
    check_configs(words)
    asked = {word.partition("=")[0] for word in words}
    if not asked & {"--config", "--model.net", "--model", "--help", "-h"}:
        raise InputError(
            f"needs a config, for example --config attention_unet; "
            f"callosal {words[0]} --help lists the options",
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
    except SystemExit as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            # Lightning ends with 1, which would read as a mistake.
            raise KeyboardInterrupt from error
        raise


def _check_intervals(config: Mapping[str, Any]) -> None:
    """Refuse what Lightning would divide by, or take for a run of no step.

    Raises:
        ValueError: An interval is 0 or below, or nothing is to be trained.
    """
    for name in ("val_check_interval", "check_val_every_n_epoch", "accumulate_grad_batches"):
        value = config.get(name)
        never = isinstance(value, str) and not any(digit in "123456789" for digit in value)
        if never or (isinstance(value, int | float) and value <= 0):
            raise ValueError(
                f"trainer.{name} must be above 0, got {value}; "
                "trainer.limit_val_batches 0 leaves validation out"
            )
    for name, least in (("max_steps", -1), ("max_epochs", -1)):
        value = config.get(name)
        if value is not None and (value == 0 or value < least):
            raise ValueError(f"trainer.{name} must be above 0, or -1 for no limit; got {value}")


def _listed(callbacks: pl.Callback | list[pl.Callback] | None) -> list[pl.Callback]:
    return list(callbacks) if isinstance(callbacks, list) else [callbacks] if callbacks else []
