"""The kind of a checkpoint, from its hyper-parameters and without unpickling code."""

from pathlib import Path
from typing import Literal

from callosal.models.errors import InputError
from callosal.models.generation.checkpoint import read_checkpoint

Kind = Literal["segmenter", "generator"]


def checkpoint_kind(path: Path) -> Kind:
    """Find the exporter of a checkpoint.

    Raises:
        InputError: The file is not a checkpoint, or one that is exported with another.
    """
    parameters = read_checkpoint(path).get("hyper_parameters", {})
    if "generator" in parameters:
        return "generator"
    if "autoencoder" in parameters:
        raise InputError(
            f"{path.name}: an autoencoder is exported with the generator that was trained on it; "
            "name that one's checkpoint",
            code="bad_checkpoint",
        )
    return "segmenter"
