"""Samples of a generator by its torch networks, from the noise the exported one starts from."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from callosal.export.diffusion_loop import Array
from callosal.export.generator_folder import Sampling
from callosal.export.generator_sampling import Order
from callosal.models.generation.checkpoint import TrainedGenerator
from callosal.models.generation.noise import MASK_STEP, sample_noise
from callosal.models.generation.objectives import objective_named
from callosal.models.generation.samplers import run_sampler, scheduler_for
from callosal.models.generation.sampling import (
    Guidance,
    Known,
    conditional_prediction,
    joint_prediction,
    mask_from_image,
)
from callosal.models.generation.spec import GeneratorSpec


def sample_in_torch(
    generator: TrainedGenerator, order: Order, sampling: Sampling, scheduler: Mapping[str, Any]
) -> Array:
    """Pairs (N, 2, H, W) by the torch networks and samplers, as the runtime draws them.

    Args:
        generator: The torch networks.
        order: What is wanted; of what it can give, masks alone are taken.
        sampling: Algorithm, steps, guidance, and whether masks are estimated again.
        scheduler: Content of the exported generator's `scheduler_config.json`.
    """
    spec = generator.spec
    noise = torch.from_numpy(sample_noise(order.seed, order.samples, spec.sample_shape))
    scale = sampling.guidance if order.given.any() else 1.0
    asked_for = Guidance(torch.from_numpy(order.condition), torch.from_numpy(order.given), scale)
    known = _known(generator, order)
    with torch.inference_mode():
        if known is None:
            predict = joint_prediction(generator.denoiser, asked_for)
        else:
            predict = conditional_prediction(generator.denoiser, asked_for, known)
        clean = run_sampler(
            predict,
            noise,
            scheduler_for(sampling.sampler, scheduler, sampling.steps),
            partial(_step_noise, spec, order) if sampling.sampler == "ddpm" else None,
        )
        if known is not None:
            clean = known.into(clean)
        elif sampling.mask_from_image:
            clean = _seen_again(generator, order, clean)
        joint = _decoded(generator, clean)
    pairs: Array = joint.numpy()
    if order.mask is not None:
        pairs[:, 1] = order.mask
    return pairs


def _step_noise(spec: GeneratorSpec, order: Order, step: int) -> Tensor:
    return torch.from_numpy(sample_noise(order.seed, order.samples, spec.sample_shape, step))


def _seen_again(generator: TrainedGenerator, order: Order, clean: Tensor) -> Tensor:
    spec = generator.spec
    noise = sample_noise(order.seed, order.samples, spec.sample_shape, MASK_STEP)
    return mask_from_image(
        generator.denoiser,
        clean,
        torch.from_numpy(noise),
        objective_named(spec.objective),
        spec.image_channels,
        len(spec.conditions),
    )


def _known(generator: TrainedGenerator, order: Order) -> Known | None:
    if order.mask is None:
        return None
    pair = torch.stack(
        [-torch.ones_like(torch.from_numpy(order.mask)), torch.from_numpy(order.mask)], 1
    )
    if generator.autoencoder is not None:
        mean, std = latent_statistics(generator)
        pair = (generator.autoencoder.encode(pair)[0] - mean) / std
    return Known(pair, image=False, image_channels=generator.spec.image_channels)


def _decoded(generator: TrainedGenerator, sample: Tensor) -> Tensor:
    if generator.autoencoder is None:
        return sample
    mean, std = latent_statistics(generator)
    return generator.autoencoder.decode(sample * std + mean)


def latent_statistics(generator: TrainedGenerator) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each latent channel, shape (C, 1, 1)."""
    latent = generator.spec.latent
    assert latent is not None
    mean, std = torch.tensor(latent.mean), torch.tensor(latent.std)
    return mean[:, None, None], std[:, None, None]
