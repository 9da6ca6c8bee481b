"""The torch-free runtime of a generator: a folder that is opened once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from callosal.export.devices import Device, choose_providers, usable_cores
from callosal.export.diffusion_loop import Array
from callosal.export.generator_folder import (
    DECODER,
    DENOISER,
    ENCODER,
    GeneratorFolder,
    read_generator_folder,
)
from callosal.export.runtime import open_session
from callosal.models.generation.spec import GeneratorSpec, Latent


@dataclass(frozen=True, eq=False)
class Generator:
    """An opened generator.

    Attributes:
        folder: What the folder says of itself.
        provider: The execution provider that runs it.
        denoiser: Session of the denoiser.
        decoder: Session from latents to image and mask; None for a generator in pixels.
        encoder: Session from image and mask to latents; None for a generator in pixels.
    """

    folder: GeneratorFolder
    provider: str
    denoiser: Any
    decoder: Any
    encoder: Any

    @property
    def spec(self) -> GeneratorSpec:
        """What the generator makes."""
        return self.folder.spec

    def predict(self, sample: Array, timestep: Array, condition: Array, given: Array) -> Array:
        """One run of the denoiser: samples (N, C, H, W) at times (N, 2) to predictions."""
        inputs = {"sample": sample, "timestep": timestep, "condition": condition, "given": given}
        (answer,) = self.denoiser.run(None, inputs)
        prediction: Array = answer
        return prediction

    def decode(self, sample: Array) -> Array:
        """Clean samples (N, C, h, w) to image and mask channels (N, 2, H, W)."""
        latent = self.spec.latent
        if latent is None:
            return sample
        mean, std = _statistics(latent)
        (answer,) = self.decoder.run(None, {"latent_sample": sample * std + mean})
        joint: Array = answer
        return joint

    def encode(self, joint: Array) -> Array:
        """Image and mask channels (N, 2, H, W) to samples (N, C, h, w) of the denoiser's space."""
        latent = self.spec.latent
        if latent is None:
            return joint
        mean, std = _statistics(latent)
        (answer,) = self.encoder.run(None, {"sample": joint})
        # Mean and log variance, one after the other; the mean is the code.
        sample: Array = (answer[:, : len(mean)] - mean) / std
        return sample


def open_generator(path: Path, device: Device = "auto", threads: int | None = None) -> Generator:
    """Open a generator's folder.

    Args:
        path: Folder that `callosal export` wrote.
        device: "auto" takes CUDA where it works and else the CPU; any other is used or refused.
        threads: Threads of the CPU provider; by default the cores this process may use.

    Raises:
        ModelFileError: The folder is not whole, or a part of it cannot be loaded.
        DeviceError: The device or onnxruntime is not there.
    """
    folder = read_generator_folder(path)
    providers = choose_providers(device)
    count = threads or usable_cores()

    def session(part: str) -> Any:
        if part not in folder.parts:
            return None
        return open_session(folder.parts[part], providers, count, f"{path.name}/{part}")

    denoiser = session(DENOISER)
    return Generator(
        folder, denoiser.get_providers()[0], denoiser, session(DECODER), session(ENCODER)
    )


def _statistics(latent: Latent) -> tuple[Array, Array]:
    """Mean and standard deviation of each latent channel, shape (C, 1, 1)."""
    mean, std = (np.array(part, np.float32) for part in (latent.mean, latent.std))
    return mean[:, None, None], std[:, None, None]
