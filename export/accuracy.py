"""Checks that a smaller file is as good as its float file, on labelled slices."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callosal.export.runtime import open_session
from callosal.models.errors import ParityError

MAX_DICE_DROP = 0.005
MAX_SIZE_RATIO = {"int8": 0.35, "fp16": 0.55}
MAX_MEAN_ANGLE_DEG = 0.5

AngleOf = Callable[[NDArray[np.float32]], float | None]


@dataclass(frozen=True, eq=False)
class LabelledImage:
    """A slice for the checks: raw intensities and callosum mask, both of shape (H, W)."""

    image: NDArray[np.float32]
    mask: NDArray[np.bool_]


@dataclass(frozen=True)
class Reduction:
    """Cost and gain of a smaller precision.

    Attributes:
        precision: "int8" or "fp16".
        slices: Number of labelled slices it was measured on.
        dice_float: Mean Dice of the float file.
        dice: Mean Dice of the smaller file.
        angle_deg: Mean change of the plan angle; None if no slice gave one.
        size_ratio: Bytes over those of the float file.
        time_ratio: Time of a slice over that of the float file on this CPU, alternating.
        kept_in_float: Layers left in float because of their error.
    """

    precision: str
    slices: int
    dice_float: float
    dice: float
    angle_deg: float | None
    size_ratio: float
    time_ratio: float
    kept_in_float: tuple[str, ...]

    def figures(self) -> dict[str, Any]:
        """All values by name."""
        return asdict(self)

    def require(self, file_name: str) -> None:
        """Refuse a file that lost too much accuracy.

        Raises:
            ParityError: The Dice dropped, the angle moved or the file is too large
                (`accuracy_lost`).
        """
        limit = MAX_SIZE_RATIO[self.precision]
        within = (
            self.dice_float - self.dice <= MAX_DICE_DROP
            and (self.angle_deg or 0.0) <= MAX_MEAN_ANGLE_DEG
            and self.size_ratio <= limit
        )
        if not within:
            raise ParityError(
                f"{file_name}: {self.precision} gives Dice {self.dice:.4f} for "
                f"{self.dice_float:.4f} in float, moves the angle by {self.angle_deg} degrees and "
                f"takes {self.size_ratio:.2f} of the size (limits: a drop of {MAX_DICE_DROP}, "
                f"{MAX_MEAN_ANGLE_DEG} degrees, {limit}); nothing was written",
                code="accuracy_lost",
            )


def measure_reduction(
    float_path: Path,
    path: Path,
    precision: str,
    samples: Sequence[LabelledImage],
    angle_of: AngleOf,
    kept_in_float: tuple[str, ...],
) -> Reduction:
    """Run both files over the labelled slices, alternating.

    Args:
        float_path: The float file.
        path: The smaller file.
        precision: Its name.
        samples: Labelled slices, none of them used for calibration.
        angle_of: Plan angle in degrees of a probability map, None if it shows no callosum.
        kept_in_float: What `write_int8` returned.
    """
    sessions = [
        open_session(each.read_bytes(), ["CPUExecutionProvider"], threads=1)
        for each in (float_path, path)
    ]
    dice: list[tuple[float, ...]] = []
    seconds: list[tuple[float, ...]] = []
    turns: list[float] = []
    for sample in samples:
        answers = [_timed(session, sample.image) for session in sessions]
        dice.append(tuple(_dice(probability, sample.mask) for probability, _ in answers))
        seconds.append(tuple(duration for _, duration in answers))
        before, after = (angle_of(probability) for probability, _ in answers)
        if before is not None and after is not None:
            turns.append(abs((after - before + 90) % 180 - 90))
    dice_float, dice_reduced = np.mean(dice, axis=0)
    return Reduction(
        precision,
        len(samples),
        float(dice_float),
        float(dice_reduced),
        float(np.mean(turns)) if turns else None,
        path.stat().st_size / float_path.stat().st_size,
        float(np.median([after / before for before, after in seconds])),
        kept_in_float,
    )


def _timed(session: Any, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    start = time.perf_counter()
    (answer,) = session.run(None, {"image": image[None, None]})
    return answer[0, 0], time.perf_counter() - start


def _dice(probability: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    found = probability > 0.5
    total = int(found.sum()) + int(mask.sum())
    return 2 * float((found & mask).sum()) / total if total else 1.0
