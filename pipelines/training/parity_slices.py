"""Slices on which an exported model is compared with the network it came from."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.phantom import phantom_slice
from callosal.pipelines.training.nifti_pairs import read_split


def parity_slices(data: Path | None, count: int = 5) -> list[NDArray[np.float32]]:
    """Raw validation slices (H, W) of a folder of NIfTI pairs, or phantoms without one.

    Raises:
        DataError: The folder cannot be used.
    """
    if data is None:
        return [phantom_slice(seed, (512, 512), 0.5)[0] for seed in range(count)]
    slices = list(read_split(data, "val"))
    step = max(1, len(slices) // count)
    return [labelled.image.astype(np.float32) for labelled in slices[::step][:count]]
