"""Pairs of image and mask drawn from an opened generator, without torch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from callosal.export.diffusion_loop import (
    Array,
    Held,
    ddim,
    ddpm,
    dpm_solver_pp_2m,
    euler_flow,
    guided,
)
from callosal.export.generator_folder import Sampling
from callosal.export.generator_runtime import Generator
from callosal.export.mask_from_image import mask_from_image
from callosal.export.schedule import read_schedule
from callosal.models.errors import ModelFileError
from callosal.models.generation.noise import MASK_STEP, sample_noise
from callosal.models.generation.spec import GeneratorSpec

DETERMINISTIC: dict[str, Callable[..., Array]] = {
    "euler_flow": euler_flow,
    "ddim": ddim,
    "dpm_solver_pp_2m": dpm_solver_pp_2m,
}
SAMPLERS = (*DETERMINISTIC, "ddpm")


@dataclass(frozen=True, eq=False)
class Order:
    """Samples that are wanted.

    Attributes:
        seed: Seed of the whole set.
        samples: Number of each sample within the set, N of them.
        condition: Wanted values as the network takes them, (value - mean) / std, shape (N, K).
        given: 1 where a value is wanted, else 0, shape (N, K).
        image: Given image channels in [-1, 1], shape (N, H, W), or None.
        mask: Given mask channels, tanh(signed distance / scale), shape (N, H, W), or None.
    """

    seed: int
    samples: Sequence[int]
    condition: Array
    given: Array
    image: Array | None = None
    mask: Array | None = None


def sample_pairs(generator: Generator, order: Order, sampling: Sampling) -> Array:
    """Draw pairs of image and mask.

    The noise of each sample follows from the seed and its number alone, so that it comes out the
    same whichever samples stand beside it.

    Args:
        generator: Opened generator.
        order: What is wanted; what is given comes back unchanged.
        sampling: Algorithm, steps, guidance, and whether masks are estimated again.

    Returns:
        Image in [-1, 1] and tanh(signed distance / scale), shape (N, 2, H, W).

    Raises:
        ModelFileError: The sampler is unknown, or does not fit the generator.
    """
    shape = generator.spec.sample_shape
    schedule = read_schedule(generator.folder.scheduler, generator.spec.objective, sampling.steps)
    denoise = guided(generator.predict, order.condition, order.given, sampling.guidance)
    noise = sample_noise(order.seed, order.samples, shape)
    clean = _sampler(generator.spec, sampling.sampler, order)(
        denoise, noise, schedule, _held(generator, order)
    )
    if sampling.mask_from_image and order.mask is None:
        clean = _seen_again(generator, order, clean)
    return _with_given(generator.decode(clean), order)


def require_sampler(spec: GeneratorSpec, name: str) -> None:
    """Refuse a sampler that does not fit the generator.

    Raises:
        ModelFileError: With the names of those that fit.
    """
    fitting = [s for s in SAMPLERS if s != "euler_flow" or spec.objective == "rectified_flow"]
    if name not in fitting:
        raise ModelFileError(
            f"sampler {name}: this generator ({spec.objective}) takes {', '.join(fitting)}",
            code="wrong_sampler",
        )


def _sampler(spec: GeneratorSpec, name: str, order: Order) -> Callable[..., Array]:
    require_sampler(spec, name)
    if name != "ddpm":
        return DETERMINISTIC[name]

    def fresh(index: int) -> Array:
        return sample_noise(order.seed, order.samples, spec.sample_shape, index + 1)

    return partial(ddpm, fresh=fresh)


def _seen_again(generator: Generator, order: Order, clean: Array) -> Array:
    spec = generator.spec
    nothing = np.zeros_like(order.given)
    return mask_from_image(
        lambda sample, time: generator.predict(sample, time, order.condition, nothing),
        clean,
        sample_noise(order.seed, order.samples, spec.sample_shape, MASK_STEP),
        spec.objective,
        np.arange(spec.sample_shape[0]) >= spec.image_channels,
    )


def _held(generator: Generator, order: Order) -> Held | None:
    """What is given, in the denoiser's space."""
    parts = [order.image, order.mask]
    clocks = np.array([part is not None for part in parts])
    if not clocks.any():
        return None
    spec = generator.spec
    # Where nothing is given stands air, and no callosum; these channels are not read.
    blank = np.full((len(order.samples), *spec.shape), -1, np.float32)
    joint = np.stack([blank if part is None else part for part in parts], axis=1)
    is_image = np.arange(spec.sample_shape[0]) < spec.image_channels
    channels: NDArray[np.bool_] = np.where(is_image, clocks[0], clocks[1])
    return Held(generator.encode(joint), channels, clocks)


def _with_given(joint: Array, order: Order) -> Array:
    for channel, part in enumerate((order.image, order.mask)):
        if part is not None:
            joint[:, channel] = part
    return joint
