"""A folder of domain-randomised pairs from a folder of labelled slices."""

from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from callosal.models.errors import DataError, GeometryError
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.pair_files import write_scaled_pair, write_table
from callosal.pipelines.datasets.participants import Participant
from callosal.pipelines.datasets.slice_bank import SliceBank, evenly_spread, make_bank
from callosal.pipelines.synthesis.grid_picture import gray, write_grid
from callosal.pipelines.synthesis.randomised.randomised import randomised_pair
from callosal.pipelines.synthesis.randomised.settings import Randomisation
from callosal.pipelines.synthesis.randomised.tissue_classes import (
    TissueClasses,
    blobs_around,
    tissue_classes,
)

Surroundings = Literal["classes", "blobs"]

SITE = "randomised"
VALIDATION_SHARE = 0.1
SHOWN = 50


def write_randomised(
    masks: Path,
    output: Path,
    count: int,
    seed: int,
    split: str,
    limit: int | None,
    surroundings: Surroundings,
    spacing_mm: float,
    settings: Randomisation,
) -> int:
    """Write the pairs; see `callosal randomise`.

    Returns:
        Exit code 0.

    Raises:
        DataError: A value is out of range, or the labelled slices cannot be used.
        GeometryError: The grid is too coarse or too fine.
    """
    if count < 1:
        raise DataError(f"randomise: count is {count}; it must be at least 1", "wrong_usage")
    if not 0.25 <= spacing_mm <= 4:
        raise GeometryError(
            f"randomise: spacing_mm {spacing_mm} must lie in 0.25 to 4", "wrong_usage"
        )
    slices = evenly_spread(list(read_split(masks, split)), limit)
    side_mm = max(max(np.array(s.image.shape) * s.spacing_mm) for s in slices)
    bank = make_bank(slices, spacing_mm, round(float(side_mm) / spacing_mm))
    output.mkdir(parents=True, exist_ok=True)
    held_out = round(VALIDATION_SHARE * count)
    names = [f"sub-{number:05d}" for number in range(1, count + 1)]
    shown: list[tuple[str, NDArray[np.uint8], NDArray[np.uint8]]] = []
    pairs = _pairs(bank, count, seed, surroundings, settings)
    for name, (image, mask) in zip(
        names, track(pairs, "randomising", count, console=Console(stderr=True)), strict=True
    ):
        write_scaled_pair(output, name, image, mask, spacing_mm)
        if len(shown) < SHOWN:
            shown.append((name, gray(image), mask))
    participants = [
        Participant(name, SITE, "train" if number >= held_out else "val")
        for number, name in enumerate(names)
    ]
    write_grid(output / "grid.png", shown)
    manifest = {
        "schema": "callosal/randomised/1",
        "model": {"name": "randomised", "surroundings": surroundings, "settings": asdict(settings)},
        "software": f"callosal {version('callosal')}",
        "seed": seed,
        "count": count,
        "labelled_slices": len(slices),
        "spacing_mm": spacing_mm,
    }
    write_table(output, participants, manifest)
    return 0


def _pairs(
    bank: SliceBank, count: int, seed: int, surroundings: Surroundings, settings: Randomisation
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.uint8]]]:
    """Pairs of all slices in turn; drawn again where the callosum left the picture."""
    for number in range(count):
        # A generator for each sample: sample 37 is the same in every run that reaches it.
        rng = np.random.default_rng((seed, number))
        index = number % len(bank)
        image, mask = bank.images[index].astype(np.float32), bank.masks[index]
        pair = None
        while pair is None or not pair[1].any():
            anatomy = _anatomy(image, mask, bank.spacing_mm, surroundings, rng)
            pair = randomised_pair(anatomy, bank.spacing_mm, rng, settings)
        yield pair


def _anatomy(
    image: NDArray[np.float32],
    mask: NDArray[np.uint8],
    spacing_mm: float,
    surroundings: Surroundings,
    rng: np.random.Generator,
) -> TissueClasses:
    if surroundings == "blobs":
        return blobs_around(mask, spacing_mm, rng)
    return tissue_classes(image, mask, spacing_mm)
