"""Does a generator's folder give the samples of the torch networks it came from?"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from callosal.export.diffusion_loop import Array
from callosal.export.generator_folder import Sampling
from callosal.export.generator_runtime import Generator
from callosal.export.generator_sampling import Order, sample_pairs
from callosal.export.torch_samples import latent_statistics, sample_in_torch
from callosal.models.errors import ParityError
from callosal.models.generation.autoencoder import PairAutoencoder
from callosal.models.generation.checkpoint import TrainedGenerator
from callosal.models.generation.spec import GeneratorSpec, scheduler_config

MAX_DIFFERENCE = 1e-4
MAX_ROUNDING = 0.01
MIN_ROUNDING_DICE = 0.97
SAMPLES = 2
SIZES = ((1, (8, 8)), (3, (5, 9)), (2, (12, 7)), (5, (16, 16)))
"""Batch, and rows and columns in multiples of what the denoiser takes."""


@dataclass(frozen=True)
class ParityRow:
    """One comparison.

    Attributes:
        what: A part of the generator, or the whole loop.
        shape: Shape of what was compared.
        difference: Largest absolute difference.
        masks_differing: Samples of which any mask pixel fell on the other side.
    """

    what: str
    shape: tuple[int, ...]
    difference: float
    masks_differing: int


@dataclass(frozen=True)
class Rounding:
    """What weights of half precision cost, in samples of equal noise.

    Attributes:
        image: Mean absolute difference of image channels, which run from -1 to 1.
        mask_dice: Smallest Dice of the masks of one sample.
    """

    image: float
    mask_dice: float


@dataclass(frozen=True)
class GeneratorParity:
    """All comparisons of one export.

    Attributes:
        rows: The folder beside the torch networks of the same weights.
        rounding: Those networks beside the trained ones; None where no weight was rounded.
    """

    rows: tuple[ParityRow, ...]
    rounding: Rounding | None = None

    def table(self) -> list[dict[str, Any]]:
        """The rows as plain values, for a report."""
        return [asdict(row) for row in self.rows]

    def figures(self) -> dict[str, float]:
        """The worst of each measure."""
        return {
            "max_difference": max(row.difference for row in self.rows),
            "masks_differing": sum(row.masks_differing for row in self.rows),
            **(
                {}
                if self.rounding is None
                else {f"rounding_{key}": value for key, value in asdict(self.rounding).items()}
            ),
        }

    def require(self, folder_name: str) -> None:
        """Refuse an export whose numbers differ.

        Raises:
            ParityError: A difference is over the limit (or is not a number).
        """
        for row in self.rows:
            if not row.difference <= MAX_DIFFERENCE:
                raise ParityError(
                    f"{folder_name}: {row.what} differs from torch by {row.difference:.2e} at "
                    f"shape {row.shape}; nothing was written",
                    code="parity_lost",
                )
        cost = self.rounding
        if cost and not (cost.image <= MAX_ROUNDING and cost.mask_dice >= MIN_ROUNDING_DICE):
            raise ParityError(
                f"{folder_name}: half precision changes images by {cost.image:.3f} and masks to "
                f"Dice {cost.mask_dice:.3f}; nothing was written, take --precision fp32",
                code="precision_lost",
            )


def measure_generator_parity(
    expected: TrainedGenerator, found: Generator, sampling: Sampling
) -> GeneratorParity:
    """Compare the denoiser at several sizes, the latent space, and whole loops of equal noise.

    Args:
        expected: The torch networks.
        found: The same, exported and opened.
        sampling: How the generator is meant to be sampled; the guided loop is compared as well.
    """
    rows = [_denoiser_row(expected, found, batch, scale) for batch, scale in SIZES]
    if expected.autoencoder is not None:
        rows += _autoencoder_rows(expected, expected.autoencoder, found)
    rows += [
        _loop_row(what, expected, found, order, sampling)
        for what, order in _orders(expected.spec).items()
    ]
    return GeneratorParity(tuple(rows))


def measure_rounding(
    trained: TrainedGenerator, rounded: TrainedGenerator, sampling: Sampling
) -> Rounding:
    """Compare samples of two torch generators from equal noise."""
    order = _orders(trained.spec)["the loop"]
    scheduler = scheduler_config(trained.spec.objective)
    before, after = (
        sample_in_torch(each, order, sampling, scheduler) for each in (trained, rounded)
    )
    first, second = before[:, 1] > 0, after[:, 1] > 0
    total = first.sum(axis=(1, 2)) + second.sum(axis=(1, 2))
    dice = 2 * (first & second).sum(axis=(1, 2)) / np.maximum(total, 1)
    return Rounding(
        float(np.abs(before[:, 0] - after[:, 0]).mean()),
        float(np.where(total > 0, dice, 1.0).min()),
    )


def _orders(spec: GeneratorSpec) -> dict[str, Order]:
    """What is sampled for the comparison: nothing asked for, conditions, a mask."""
    draw = np.random.default_rng(1)
    condition = draw.standard_normal((SAMPLES, len(spec.conditions)), dtype=np.float32)
    free, asked = np.zeros_like(condition), np.ones_like(condition)
    rows, columns = np.ogrid[-1 : 1 : spec.shape[0] * 1j, -1 : 1 : spec.shape[1] * 1j]
    bean = np.tanh(4 * (0.3 - np.hypot(rows, columns))).astype(np.float32)
    return {
        "the loop": Order(0, range(SAMPLES), condition, free),
        "the guided loop": Order(0, range(SAMPLES), condition, asked),
        "the loop for a given mask": Order(
            0, range(SAMPLES), condition, free, mask=np.repeat(bean[None], SAMPLES, axis=0)
        ),
    }


def _denoiser_row(
    expected: TrainedGenerator, found: Generator, batch: int, scale: tuple[int, int]
) -> ParityRow:
    multiple = 2 ** (len(expected.spec.denoiser["widths"]) - 1)
    channels = expected.spec.sample_shape[0]
    draw = np.random.default_rng(batch)
    count = len(expected.spec.conditions)
    inputs = [
        draw.standard_normal((batch, channels, *(multiple * side for side in scale))),
        draw.uniform(size=(batch, 2)),
        draw.standard_normal((batch, count)),
        draw.integers(0, 2, (batch, count)),
    ]
    arrays = [values.astype(np.float32) for values in inputs]
    with torch.inference_mode():
        truth = expected.denoiser(*(torch.from_numpy(values) for values in arrays)).numpy()
    return _row("the denoiser", truth, found.predict(*arrays))


def _autoencoder_rows(
    expected: TrainedGenerator, autoencoder: PairAutoencoder, found: Generator
) -> list[ParityRow]:
    draw = np.random.default_rng(0)
    pairs = draw.uniform(-1, 1, (3, 2, *expected.spec.shape)).astype(np.float32)
    codec = latent_statistics(expected)
    with torch.inference_mode():
        mean, _ = autoencoder.encode(torch.from_numpy(pairs))
        latents = ((mean - codec[0]) / codec[1]).numpy()
        decoded = autoencoder.decode(mean).numpy()
    return [
        _row("the encoder", latents, found.encode(pairs)),
        _row("the decoder", decoded, found.decode(latents), masks=True),
    ]


def _loop_row(
    what: str, expected: TrainedGenerator, found: Generator, order: Order, sampling: Sampling
) -> ParityRow:
    """The loop of torch beside the one of numpy, from the same noise."""
    truth = sample_in_torch(expected, order, sampling, found.folder.scheduler)
    return _row(what, truth, sample_pairs(found, order, sampling), masks=True)


def _row(what: str, truth: Array, found: Array, masks: bool = False) -> ParityRow:
    flipped = ((truth[:, 1] > 0) != (found[:, 1] > 0)).any(axis=(1, 2)) if masks else np.zeros(1)
    return ParityRow(what, found.shape, float(np.abs(truth - found).max()), int(flipped.sum()))
