"""What the modules ask of the data of a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

from callosal.models.generation.spec import Condition


@dataclass(frozen=True)
class PairFacts:
    """Facts of the pairs that go into the checkpoint.

    Attributes:
        spacing_mm: Distance between rows and between columns.
        shape: Rows and columns.
        sdf_scale_mm: Scale of the mask channel.
        conditions: What can be asked for, measured over the labelled training slices.
        correlation: Correlation of these, K rows of K.
        training_data: Which slices, in words.
    """

    spacing_mm: float
    shape: tuple[int, int]
    sdf_scale_mm: float
    conditions: tuple[Condition, ...]
    correlation: tuple[tuple[float, ...], ...]
    training_data: str


@runtime_checkable
class PairSource(Protocol):
    """A data module of pairs.

    Its batches hold "pair" (B, 2, H, W); "condition" (B, 4), normalised, 0 where unlabelled;
    "labelled" (B,), 1 or 0; and "step" (1,), which numbers the batch within the run.
    """

    def facts(self) -> PairFacts:
        """Facts of the pairs."""

    def plain_pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All training slices once, unaugmented: pairs (B, 2, H, W) and labelled (B,)."""
