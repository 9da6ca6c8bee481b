"""Checkpoints of small random generators, for tests of export, runtime and `generate`."""

from pathlib import Path

import torch
from torch import nn

from callosal.models.generation.autoencoder import PairAutoencoder
from callosal.models.generation.denoiser import JointDenoiser
from callosal.models.generation.spec import Condition, GeneratorSpec, Latent

CONDITIONS = (
    Condition("area_mm2", 600.0, 90.0, 400.0, 850.0),
    Condition("length_mm", 70.0, 5.0, 58.0, 82.0),
    Condition("tilt_deg", 0.0, 4.0, -9.0, 9.0),
    Condition("contrast", 0.7, 0.2, 0.2, 1.2),
)


def pixel_checkpoint(path: Path, objective: str = "rectified_flow", side: int = 32) -> Path:
    """A generator in pixels, 3 mm each."""
    torch.manual_seed(5)
    net = JointDenoiser(widths=(8, 16), depth=1, heads=2)
    _spread(net)
    spec = GeneratorSpec(
        kind="pixel",
        objective=objective,
        spacing_mm=(3.0, 3.0),
        shape=(side, side),
        sdf_scale_mm=3.0,
        conditions=CONDITIONS,
        denoiser=net.init_args,
        latent=None,
        training_data="nothing: random weights",
    )
    return _save(path, spec, _named(net, "net."))


def latent_checkpoint(path: Path) -> Path:
    """A generator in latents, behind a random autoencoder."""
    torch.manual_seed(6)
    autoencoder = PairAutoencoder(image_width=16, mask_width=8)
    net = JointDenoiser(channels=6, widths=(8, 16), depth=1, heads=2)
    _spread(net)
    _spread(autoencoder)
    latent = Latent(
        factor=4,
        image_channels=4,
        mask_channels=2,
        mean=(0.1, 0.2, 0.0, -0.1, 0.3, 0.0),
        std=(1.1, 0.9, 0.5, 2.0, 1.0, 0.7),
        autoencoder=autoencoder.init_args,
    )
    spec = GeneratorSpec(
        kind="latent",
        objective="rectified_flow",
        spacing_mm=(2.0, 2.0),
        shape=(32, 48),
        sdf_scale_mm=3.0,
        conditions=CONDITIONS,
        denoiser=net.init_args,
        latent=latent,
        training_data="nothing: random weights",
    )
    weights = _named(net, "net.") | _named(autoencoder, "codec.autoencoder.")
    return _save(path, spec, weights)


def _spread(network: nn.Module) -> None:
    """Small random weights everywhere: layers that start at zero would hide mistakes."""
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.05 * torch.randn_like(weight))


def _named(network: nn.Module, prefix: str) -> dict[str, torch.Tensor]:
    return {prefix + name: weight for name, weight in network.state_dict().items()}


def _save(path: Path, spec: GeneratorSpec, weights: dict[str, torch.Tensor]) -> Path:
    parameters = {"generator": spec.to_dict(), "joint_share": 0.7}
    torch.save({"state_dict": weights, "hyper_parameters": parameters}, path)
    return path
