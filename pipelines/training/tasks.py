"""What `callosal fit` can train.

A YAML says it with `task`: a segmenter (without the key), the encoder of one without masks
(pretraining), an autoencoder of pairs, or a generator.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytorch_lightning as pl
import yaml

from callosal.models.generation.autoencoder_module import AutoencoderModule
from callosal.models.generation.diffusion_module import DiffusionModule
from callosal.models.masked_autoencoder import MaskedAutoencoderModule
from callosal.models.segmentation_module import SegmentationModule
from callosal.pipelines.training.datamodule import SliceDataModule
from callosal.pipelines.training.pair_datamodule import PairDataModule
from callosal.pipelines.training.unlabelled_datamodule import UnlabelledDataModule


@dataclass(frozen=True)
class Task:
    """What a YAML can train.

    Attributes:
        model: The Lightning module.
        data: The data module.
        following: The command that a finished run leads to; `{checkpoint}` stands for its file.
        linked: Names that the data takes from the model.
    """

    model: type[pl.LightningModule]
    data: type[pl.LightningDataModule]
    following: str
    linked: tuple[str, ...] = ()


SEGMENTER = "segmenter"
TASKS = {
    SEGMENTER: Task(
        SegmentationModule,
        SliceDataModule,
        "callosal export --checkpoint {checkpoint} --output my_model.onnx",
        linked=("spacing_mm",),
    ),
    "pretraining": Task(
        MaskedAutoencoderModule,
        UnlabelledDataModule,
        "callosal fit --config vit --trainer.callbacks+=PretrainedEncoder "
        "--trainer.callbacks.checkpoint={checkpoint}",
        linked=("spacing_mm",),
    ),
    "autoencoder": Task(
        AutoencoderModule,
        PairDataModule,
        "callosal fit --config ldm --model.autoencoder {checkpoint}",
    ),
    "generator": Task(
        DiffusionModule,
        PairDataModule,
        "callosal export --checkpoint {checkpoint} --output my_generator",
    ),
}


def task_of(words: Sequence[str]) -> Task:
    """The task that a command line or its YAML names; a segmenter without one.

    It decides which options exist, so it is read before all others. What cannot be read is left
    to the parser, which reports the mistake.
    """
    name = SEGMENTER
    for key, value in _options(words):
        if key == "--config" and Path(value).is_file():
            try:
                content = yaml.safe_load(Path(value).read_text(encoding="utf-8"))
            except (yaml.YAMLError, UnicodeDecodeError):
                continue
            name = content.get("task", name) if isinstance(content, dict) else name
        elif key == "--task":
            name = value
    return TASKS.get(name, TASKS[SEGMENTER])


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Options and their values, from `--name=value` and `--name value`."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        yield (name, value) if equals else (word, following)
