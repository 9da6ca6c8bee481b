"""Comparison of an ONNX file with its torch network."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from callosal.export.accuracy import AngleOf
from callosal.export.runtime import open_session
from callosal.models.errors import ParityError

BATCHES = (1, 2, 5)
SIZES = ((64, 64), (97, 131), (200, 173), (256, 256), (384, 384), (301, 512))
MAX_PROBABILITY_DIFFERENCE = 1e-4
MAX_MASK_DIFFERENCE = 1e-4
MAX_ANGLE_DIFFERENCE_DEG = 0.1


@dataclass(frozen=True)
class ParityRow:
    """One comparison.

    Attributes:
        shape: Batch, height and width.
        probability: Largest absolute difference of any probability.
        mask: Share of pixels on the other side of one half.
        angle_deg: Largest difference of the plan angle over the batch; infinite if only one of the
            two shows a callosum; None if neither does.
        repeated: Whether a second run gave identical bytes.
    """

    shape: tuple[int, int, int]
    probability: float
    mask: float
    angle_deg: float | None
    repeated: bool


@dataclass(frozen=True)
class Parity:
    """All comparisons of one export."""

    rows: tuple[ParityRow, ...]

    def figures(self) -> dict[str, float]:
        """The worst of each measure."""
        return {
            "max_probability_difference": max(row.probability for row in self.rows),
            "max_mask_difference": max(row.mask for row in self.rows),
            "max_angle_difference_deg": max(row.angle_deg or 0.0 for row in self.rows),
        }

    def table(self) -> list[dict[str, Any]]:
        """All comparisons as plain values."""
        return [asdict(row) for row in self.rows]

    def require(self, file_name: str) -> None:
        """Refuse an export whose numbers differ.

        Raises:
            ParityError: A difference is over the limit (or is not a number).
        """
        for row in self.rows:
            within = (
                row.probability <= MAX_PROBABILITY_DIFFERENCE
                and row.mask <= MAX_MASK_DIFFERENCE
                and (row.angle_deg or 0.0) <= MAX_ANGLE_DIFFERENCE_DEG
                and row.repeated
            )
            if not within:
                again = "" if row.repeated else " and a second run differs from the first"
                raise ParityError(
                    f"{file_name}: at batch, height, width {row.shape} the probabilities differ "
                    f"by {row.probability:.2e}, {row.mask:.2e} of the mask pixels and "
                    f"{row.angle_deg} degrees of the plan{again}; nothing was written",
                    code="parity_lost",
                )


def measure_parity(
    network: nn.Module, path: Path, images: Sequence[NDArray[np.float32]], angle_of: AngleOf
) -> Parity:
    """Run both on every batch and size, odd ones too.

    Args:
        network: Torch network from (N, 1, H, W) to probabilities.
        path: The ONNX file.
        images: Slices (H, W) from which the inputs are cut or tiled.
        angle_of: Plan angle in degrees of a probability map, None where it shows no callosum.
    """
    session = open_session(path.read_bytes(), ["CPUExecutionProvider"], threads=1)
    rows = []
    for height, width in SIZES:
        for count in BATCHES:
            batch = np.stack(
                [_cut(images[i % len(images)], height, width, i) for i in range(count)]
            )
            rows.append(_compare(network, session, batch, angle_of))
    return Parity(tuple(rows))


def _compare(
    network: nn.Module, session: Any, batch: NDArray[np.float32], angle_of: AngleOf
) -> ParityRow:
    with torch.inference_mode():
        expected = network(torch.from_numpy(batch)).numpy()
    (found,), (again,) = (session.run(None, {"image": batch}) for _ in range(2))
    angles = [
        _angle_difference_deg(angle_of(one[0]), angle_of(other[0]))
        for one, other in zip(expected, found, strict=True)
    ]
    count, _, height, width = batch.shape
    return ParityRow(
        (count, height, width),
        float(np.abs(found - expected).max()),
        float(((found > 0.5) != (expected > 0.5)).mean()),
        max((angle for angle in angles if angle is not None), default=None),
        found.tobytes() == again.tobytes(),
    )


def _angle_difference_deg(first: float | None, second: float | None) -> float | None:
    if first is None and second is None:
        return None
    if first is None or second is None:
        return math.inf
    return abs((first - second + 90) % 180 - 90)


def _cut(image: NDArray[np.float32], height: int, width: int, shift: int) -> NDArray[np.float32]:
    """A (1, height, width) window about the centre, tiled if the image is smaller."""
    rows = np.arange(height) + (image.shape[0] - height) // 2 + shift
    columns = np.arange(width) + (image.shape[1] - width) // 2 - shift
    window: NDArray[np.float32] = image.take(rows, axis=0, mode="wrap").take(
        columns, axis=1, mode="wrap"
    )
    return window[None].astype(np.float32)
