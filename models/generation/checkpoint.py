"""A trained generator out of a checkpoint: networks with averaged weights, and their facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from callosal.models.errors import InputError
from callosal.models.generation.autoencoder import PairAutoencoder
from callosal.models.generation.denoiser import JointDenoiser
from callosal.models.generation.spec import GeneratorSpec


@dataclass(frozen=True)
class TrainedGenerator:
    """A generator ready to sample from, in evaluation mode on the CPU.

    Attributes:
        spec: What it makes and how it was trained.
        denoiser: The network with averaged weights.
        autoencoder: The way into and out of the latent space; None for a pixel generator.
        share_of_finished_images: Share of its training that showed an image without noise beside a
            noisy mask.
    """

    spec: GeneratorSpec
    denoiser: JointDenoiser
    autoencoder: PairAutoencoder | None
    share_of_finished_images: float


def load_generator(path: Path) -> TrainedGenerator:
    """Load a checkpoint of a DiffusionModule, without unpickling code.

    The checkpoint carries the autoencoder of a latent generator too.

    Raises:
        InputError: The file is no checkpoint of a generator.
    """
    content = read_checkpoint(path)
    parameters = content.get("hyper_parameters", {})
    if "generator" not in parameters:
        raise InputError(
            f"{path.name}: not a checkpoint of a generator; train one with "
            "callosal fit --config configs/ddpm.yaml",
            code="bad_checkpoint",
        )
    spec = GeneratorSpec.from_dict(parameters["generator"])
    weights = content["state_dict"]
    denoiser = JointDenoiser(**spec.denoiser)
    denoiser.load_state_dict(part_of(weights, "net."))
    autoencoder = None
    if spec.latent is not None:
        autoencoder = PairAutoencoder(**spec.latent.autoencoder)
        autoencoder.load_state_dict(part_of(weights, "codec.autoencoder."))
        autoencoder.eval()
    # A quarter of what is not seen at one time alone: `draw_times`.
    finished = (1 - float(parameters.get("joint_share", 1))) / 4
    return TrainedGenerator(spec, denoiser.eval(), autoencoder, finished)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint file, without unpickling code.

    Raises:
        InputError: The file is missing or is no checkpoint.
    """
    if not path.is_file():
        raise InputError(
            f"{path}: there is no such checkpoint; `callosal fit` ends with the path of its own",
            code="no_such_checkpoint",
        )
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        content["state_dict"]
    except UnpicklingError as error:
        # Torch's own message is long, in colours, and advises to run that code.
        raise InputError(
            f"{path.name}: holds Python objects, which could run code and are not loaded, or is "
            "no checkpoint; name a .ckpt file that callosal fit wrote",
            code="bad_checkpoint",
        ) from error
    except Exception as error:
        # Torch raises many kinds here; all mean that the file is of no use.
        raise InputError(
            f"{path.name}: cannot be read as a checkpoint ({type(error).__name__}); "
            "name a .ckpt file that callosal fit wrote",
            code="bad_checkpoint",
        ) from error
    return content


def part_of(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Weights whose name starts with a prefix, without it.

    >>> part_of({"net.a": torch.zeros(1), "b": torch.zeros(1)}, "net.")
    {'a': tensor([0.])}
    """
    return {
        name[len(prefix) :]: weight for name, weight in weights.items() if name.startswith(prefix)
    }
