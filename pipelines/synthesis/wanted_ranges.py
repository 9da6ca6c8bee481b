"""What is asked of the samples: `area_mm2=450`, or a range `area_mm2=450:600` to draw from."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.models.generation.conditions import completed_conditions, draw_conditions
from callosal.models.generation.spec import Condition

Array = NDArray[np.float32]

_STREAM = 1 << 31
"""Keeps these draws apart from the noise, whose streams are numbered from 0."""


@dataclass(frozen=True)
class WantedRange:
    """One quantity that is asked for.

    Attributes:
        name: Name of the condition.
        low: Smallest wanted value.
        high: Largest wanted value; equal to `low` where one value is asked for.
    """

    name: str
    low: float
    high: float


def parse_wanted(words: Sequence[str], conditions: Sequence[Condition]) -> tuple[WantedRange, ...]:
    """Read ranges as they are typed.

    Args:
        words: Each `name=value` or `name=low:high`.
        conditions: What the generator can be asked for.

    Raises:
        InputError: A name is unknown or named twice, a value is no number, or lies outside of
            what the generator has seen; code `wrong_usage`.
    """
    wanted = tuple(_parsed(word, conditions) for word in words)
    names = [one.name for one in wanted]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"--condition {twice[0]}: asked for twice; give one value or one range low:high",
            code="wrong_usage",
        )
    return wanted


def drawn_values(
    wanted: Sequence[WantedRange],
    conditions: Sequence[Condition],
    correlation: Sequence[Sequence[float]],
    seed: int,
    sample: int,
) -> dict[str, float]:
    """What is asked of one sample, every condition of it.

    What the user asks for is the value, or one drawn evenly from the range; all else is drawn as
    training slices with such values have it, for asked for nothing a network answers with its
    average, and a small callosum is a short one.

    Args:
        wanted: What the user asks of all samples.
        conditions: What the generator can be asked for, K of them.
        correlation: Of the conditions, K rows of K; empty takes each on its own.
        seed: Seed of the whole set.
        sample: Number of the sample.
    """
    usual = draw_conditions(conditions, correlation, seed, [sample])[0].astype(np.float64)
    shares = np.random.default_rng([seed, sample, _STREAM]).uniform(size=len(conditions))
    share = {known.name: value for known, value in zip(conditions, shares.tolist(), strict=True)}
    asked = {w.name: w.low + share[w.name] * (w.high - w.low) for w in wanted}
    deviations = np.array([
        (asked[known.name] - known.mean) / known.std if known.name in asked else np.nan
        for known in conditions
    ])  # fmt: skip
    completed = completed_conditions(deviations, usual, conditions, correlation).tolist()
    drawn = {
        known.name: known.mean + known.std * deviation
        for known, deviation in zip(conditions, completed, strict=True)
    }
    return {**drawn, **asked}


def as_network_input(
    values: Sequence[dict[str, float]], conditions: Sequence[Condition]
) -> tuple[Array, Array]:
    """Values as the network takes them, and which of them are given.

    Args:
        values: What is asked of each sample, by name.
        conditions: What the generator can be asked for, in its order.

    Returns:
        (value - mean) / std and 1 where given, else both 0; each (N, K).
    """
    condition = np.zeros((len(values), len(conditions)), np.float32)
    given = np.zeros_like(condition)
    for row, asked in enumerate(values):
        for column, known in enumerate(conditions):
            if known.name in asked:
                condition[row, column] = (asked[known.name] - known.mean) / known.std
                given[row, column] = 1.0
    return condition, given


def _parsed(word: str, conditions: Sequence[Condition]) -> WantedRange:
    name, equals, text = word.partition("=")
    known = {condition.name: condition for condition in conditions}
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        ranges = ", ".join(f"{c.name} {c.low:.4g} to {c.high:.4g}" for c in conditions)
        raise InputError(
            f"--condition {word}: this generator has no condition '{name}'; {hint}"
            f"It takes {ranges}",
            code="wrong_usage",
        )
    try:
        bounds = [float(part) for part in text.split(":")]
        low, high = bounds[0], bounds[-1]
    except ValueError:
        bounds, low, high = [], 0.0, 0.0
    if not equals or len(bounds) not in (1, 2) or not low <= high:
        raise InputError(
            f"--condition {word}: write {name}=VALUE or {name}=LOW:HIGH", code="wrong_usage"
        )
    condition = known[name]
    if not condition.low <= low <= high <= condition.high:
        raise InputError(
            f"--condition {word}: outside of what the generator was trained on "
            f"({condition.low:.4g} to {condition.high:.4g})",
            code="wrong_usage",
        )
    return WantedRange(name, low, high)
