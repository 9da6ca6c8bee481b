"""The tables of a series of visits: the measures of each visit, and the change of each measure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.bids.tsv import tsv_text
from callosal.pipelines.longitudinal.change import Change, Estimate, change_of
from callosal.pipelines.longitudinal.common_measures import VisitMeasures
from callosal.pipelines.longitudinal.visits import Visit
from callosal.pipelines.outputs.measures_table import THICKNESS_COLUMNS

Array = NDArray[np.float64]

VISIT_KEYS = ("participant_id", "session_id", "image", "years", "correlation")
CHANGE_COLUMNS = (
    "measure", "n_visits", "mean",
    "change", "change_low", "change_high", "change_pct", "change_pct_low", "change_pct_high",
    "rate", "rate_low", "rate_high", "rate_pct", "rate_pct_low", "rate_pct_high", "rate_per",
)  # fmt: skip

COLUMN_WORDS: Mapping[str, Mapping[str, str]] = {
    "years": {"Description": "time since the first visit; n/a without dates", "Units": "year"},
    "correlation": {"Description": "lowest correlation with another visit after registration"},
    "measure": {"Description": "column of the table of visits"},
    "n_visits": {"Description": "number of visits"},
    "mean": {"Description": "mean over the visits"},
    "change": {"Description": "last visit minus first, with its 95 % interval"},
    "change_pct": {"Description": "change in percent of the mean of these two visits"},
    "rate": {"Description": "slope of the line through all visits, with its 95 % interval"},
    "rate_pct": {"Description": "rate in percent of the mean over the visits"},
    "rate_per": {"Description": "year, or session where the dataset has no dates"},
}


@dataclass(frozen=True, eq=False)
class SeriesTables:
    """The content of both tables.

    Attributes:
        rows: One for each visit.
        changes: The change of each measure; None if too few slices have the measure.
    """

    rows: tuple[Mapping[str, Any], ...]
    changes: Mapping[str, Change | None]


def series_tables(
    visits: Sequence[Visit],
    measures: Sequence[VisitMeasures],
    correlations: Sequence[float],
    years: Sequence[float] | None,
) -> SeriesTables:
    """Gather both tables.

    Args:
        visits: The visits.
        measures: The measures of each visit.
        correlations: How well each visit agrees with the others.
        years: Years since the first visit; None if the dates are not known.
    """
    stacked = {name: np.stack([one.values[name] for one in measures]) for name in _names(measures)}
    changes = {name: change_of(values, years) for name, values in stacked.items()}
    # A measure is the mean of the slices on which every visit has it.
    shared = {name: np.isfinite(values).all(axis=0) for name, values in stacked.items()}
    rows = []
    for number, (visit, measured) in enumerate(zip(visits, measures, strict=True)):
        rows.append(
            {
                "participant_id": visit.image.participant,
                "session_id": visit.image.session,
                "image": visit.image.name,
                "years": None if years is None else round(years[number], 4),
                "correlation": round(correlations[number], 4),
                **{name: _mean(stacked[name][number, shared[name]]) for name in stacked},
                **_thickness(measured.profiles_mm, measures),
            }
        )
    return SeriesTables(tuple(rows), changes)


def visits_tsv(tables: SeriesTables) -> str:
    """One row per visit: keys, every measure and the thickness at 100 places."""
    columns = (*VISIT_KEYS, *tables.changes, *THICKNESS_COLUMNS)
    return tsv_text(columns, tables.rows)


def change_tsv(tables: SeriesTables) -> str:
    """One row per measure."""
    return tsv_text(CHANGE_COLUMNS, change_rows(tables))


def change_rows(tables: SeriesTables) -> Iterator[dict[str, Any]]:
    """The rows of `change_tsv`, without measures that too few slices have."""
    for name, change in tables.changes.items():
        if change is not None:
            yield {
                "measure": name,
                "n_visits": len(tables.rows),
                "mean": _rounded(change.mean),
                **_columns("change", change.total),
                **_columns("change_pct", change.total_pct),
                **_columns("rate", change.rate),
                **_columns("rate_pct", change.rate_pct),
                "rate_per": change.per,
            }


def _names(measures: Sequence[VisitMeasures]) -> list[str]:
    return [name for name in measures[0].values if all(name in one.values for one in measures)]


def _columns(name: str, found: Estimate) -> dict[str, float | None]:
    ends = {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
    return {column: _rounded(value) for column, value in ends.items()}


def _thickness(profiles_mm: Array, measures: Sequence[VisitMeasures]) -> dict[str, float | None]:
    known = np.all([np.isfinite(one.profiles_mm).all(axis=1) for one in measures], axis=0)
    if not known.any():
        return dict.fromkeys(THICKNESS_COLUMNS)
    mean = profiles_mm[known].mean(axis=0)
    return dict(zip(THICKNESS_COLUMNS, map(_rounded, map(float, mean)), strict=True))


def _mean(values: Array) -> float | None:
    return _rounded(float(values.mean())) if len(values) else None


def _rounded(value: float) -> float | None:
    return round(value, 4) + 0.0 if np.isfinite(value) else None
