"""The tables of visits hold means of shared slices; a measure of too few slices has no change."""

import csv
import io

import pytest

from callosal.pipelines.longitudinal.page import headline
from callosal.pipelines.longitudinal.tables import change_tsv, series_tables, visits_tsv
from tests.longitudinal.made_visits import made_measures, made_series


def test_measures_are_means_and_missing_ones_are_left_out() -> None:
    series, measures = made_series(), made_measures()
    tables = series_tables(series.visits, measures.visits, (0.99, 0.98, 0.99), [0.0, 1.0, 2.0])
    rows = list(csv.DictReader(io.StringIO(visits_tsv(tables)), delimiter="\t"))
    assert [float(row["area_mm2"]) for row in rows] == pytest.approx([600.2, 594.2, 589.2])
    assert rows[0]["cc_index"] == "0.4"  # of the four slices that have it
    assert rows[0]["thickness_100_mm"] == "6.002"
    changes = list(csv.DictReader(io.StringIO(change_tsv(tables)), delimiter="\t"))
    assert [row["measure"] for row in changes] == ["area_mm2", "cc_index"]
    assert float(changes[0]["change"]) == pytest.approx(-11.0)
    assert float(changes[0]["rate"]) == pytest.approx(-5.5)
    assert "per year" in headline(tables)


def test_without_dates_the_rate_is_per_session() -> None:
    series, measures = made_series(), made_measures()
    tables = series_tables(series.visits, measures.visits, (0.9, 0.9, 0.9), None)
    assert "per session" in headline(tables)
    assert "n/a" in visits_tsv(tables).splitlines()[1].split("\t")
