import numpy as np
import pytest

from callosal.pipelines.evaluation.measures import CaseMeasures
from callosal.pipelines.evaluation.summary import icc, spread, summarise


def test_spread_leaves_out_what_was_not_measured() -> None:
    figures = spread([1.0, None, 3.0])
    assert figures["mean"] == 2
    assert figures["missing"] == 1
    assert figures["ci95"][0] >= 1
    assert figures["ci95"][1] <= 3


def test_spread_of_nothing_is_none_and_not_zero() -> None:
    assert spread([None, None])["mean"] is None


def test_icc_matches_the_published_example() -> None:
    """Table 2 of Shrout and Fleiss 1979: ICC(2,1) = 0.29."""
    ratings = np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
        dtype=float,
    )
    assert icc(ratings) == pytest.approx(0.29, abs=0.005)


def test_summary_counts_cases_below_0_90() -> None:
    good = CaseMeasures(0.95, 0.9, 1.0, 0.3, 1.0, 0.2, 0.3, 600.0, 590.0, 0.1)
    bad = CaseMeasures(0.5, 0.3, None, None, -50.0, None, None, 300.0, 600.0, 0.1)
    table = summarise([good, bad, good])
    assert table["n"] == 3
    assert table["below_0_90"] == 1
    assert table["hd95_mm"]["missing"] == 1
