"""The participants of a group table: one value each, so that sessions do not count twice."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.group.table import GroupTable, Row, is_sure
from callosal.pipelines.outputs.measures_table import THICKNESS_COLUMNS

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Person:
    """A participant with at least one image that was measured with confidence.

    Attributes:
        name: Such as sub-01.
        rows: Those images.
    """

    name: str
    rows: tuple[Row, ...]

    def value(self, measure: str) -> float | None:
        """The mean of a measure over the images; None where no image has it."""
        values = [row.get(measure) for row in self.rows]
        known = [value for value in values if isinstance(value, float)]
        return float(np.mean(known)) if known else None

    def profile_mm(self) -> Array | None:
        """The mean thickness profile, shape (100,)."""
        values = [self.value(name) for name in THICKNESS_COLUMNS]
        known = [value for value in values if value is not None]
        return np.array(known) if len(known) == len(values) else None

    def trait(self, column: str | None) -> str | None:
        """What the tables of the dataset say of the participant, as text."""
        if column is None:
            return None
        known = [row.get(column) for row in self.rows]
        return next((_as_text(value) for value in known if value is not None), None)


def people_of(table: GroupTable) -> tuple[Person, ...]:
    """The participants of a table that may enter statistics."""
    rows: dict[str, list[Row]] = {}
    for row in table.rows:
        if is_sure(row):
            rows.setdefault(str(row["participant_id"]), []).append(row)
    return tuple(Person(name, tuple(found)) for name, found in rows.items())


def by_trait(people: Sequence[Person], column: str | None) -> dict[str, tuple[Person, ...]]:
    """The participants of each value of a column, in the order of the values."""
    names = sorted({value for person in people if (value := person.trait(column)) is not None})
    return {
        name: tuple(person for person in people if person.trait(column) == name) for name in names
    }


def values_of(people: Sequence[Person], measure: str) -> Array:
    """The measure of all who have it, shape (N,)."""
    values = [person.value(measure) for person in people]
    return np.array([value for value in values if value is not None], dtype=float)


def profiles_of(people: Sequence[Person]) -> Array:
    """The thickness profiles of all who have one, shape (N, 100)."""
    profiles = [person.profile_mm() for person in people]
    known = [profile for profile in profiles if profile is not None]
    return np.array(known).reshape(len(known), len(THICKNESS_COLUMNS))


def _as_text(value: str | float) -> str:
    """A code of a group such as 1.0 as it was written, 1."""
    return f"{value:g}" if isinstance(value, float) else str(value)
