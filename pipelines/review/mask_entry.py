"""A mask as plain numbers: how many pixels it lacks and holds by turns, row by row.

So a mask of thousands of pixels takes two kilobytes of JSON, in a message and in a review.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import InputError

Mask = NDArray[np.uint8]


def mask_entry(mask: Mask) -> dict[str, Any]:
    """A mask in plain JSON types.

    >>> mask_entry(np.array([[0, 1, 1], [0, 0, 1]], np.uint8))
    {'shape': [2, 3], 'runs': [1, 2, 2, 1]}

    Args:
        mask: 0 outside, shape (H, W).
    """
    flat = np.concatenate([[False], mask.ravel() > 0])
    starts = np.flatnonzero(flat[1:] != flat[:-1])
    runs = np.diff(np.concatenate([[0], starts, [mask.size]]))
    return {"shape": list(mask.shape), "runs": runs.tolist()}


def mask_of_entry(entry: object, shape: Sequence[int]) -> Mask:
    """The mask of plain numbers, such as a page sends.

    Args:
        entry: As of `mask_entry`.
        shape: Rows and columns that it has to have.

    Raises:
        InputError: It is no mask of this shape (`bad_mask`).
    """
    try:
        if not isinstance(entry, Mapping) or list(entry["shape"]) != list(shape):
            raise ValueError
        runs = np.array(entry["runs"])
        if runs.ndim != 1 or runs.dtype.kind != "i" or runs.min() < 0:
            raise ValueError
        if len(runs) > shape[0] * shape[1] + 1 or int(runs.sum()) != shape[0] * shape[1]:
            raise ValueError
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"mask: needs the shape {list(shape)} of the slice, and runs that fill it", "bad_mask"
        ) from error
    values = np.arange(len(runs)) % 2
    return np.repeat(values, runs).astype(np.uint8).reshape(shape[0], shape[1])
