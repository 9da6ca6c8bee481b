"""The calibration of the error bars on made plans whose error is known to grow with the noise."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.release.calibrate_error_bars import (
    FEWEST,
    FEWEST_EXAMS,
    OUTLINES,
    Sample,
    barred,
    calibrated,
    conformal,
    coverage_lines,
    estimated,
)
from callosal.pipelines.error_bars.calibration import CalibrationTable
from callosal.pipelines.error_bars.case_facts import FACTS, CaseFacts, Contrast, Kind

SHA256 = "a" * 64
EXAMS = FEWEST_EXAMS + 1


def _made(number: int, split: str, seed: int) -> list[Sample]:
    """Plans of volumes with normal errors of 0.2 and 8 times the noise."""
    draw = np.random.default_rng(seed)
    made = []
    for index in range(number):
        values = dict.fromkeys(FACTS, 0.1) | {"noise": float(draw.uniform(0.01, 0.1))}
        facts = CaseFacts(Kind.VOLUME, Contrast.T1, values)
        spread = 0.2 + 8 * (values["noise"] or 0.0)
        errors = {
            name: np.abs(draw.normal(0, spread, OUTLINES))
            for name in ("angle95_deg", "plane95_deg")
        }
        made.append(Sample(f"exam {index % EXAMS}", split, facts, errors, {"contrast": "T1w"}))
    return made


@pytest.fixture(scope="module")
def table() -> CalibrationTable:
    return CalibrationTable.of(calibrated(_made(108, "val", 0), SHA256))


def test_bars_hold_for_new_plans_and_follow_the_noise(table: CalibrationTable) -> None:
    calibration = table.kinds["volume"]
    for name, scale in calibration.scales.items():
        level = scale.levels["T1w"]
        widths = []
        for low, high in ((0.01, 0.04), (0.04, 0.07), (0.07, 0.1)):
            new = [one for one in _made(600, "test", 1)
                   if low <= (one.facts.values["noise"] or 0.0) < high]  # fmt: skip
            bars = [level * scale.unit(calibration.bounded(one.facts.values)) for one in new]
            inside = [one.errors[name] <= bar for one, bar in zip(new, bars, strict=True)]
            assert 0.91 < np.mean(inside) < 0.99
            widths.append(np.median(bars))
        assert widths[0] < 0.7 * widths[1] < 0.7 * widths[2]


def test_the_table_counts_what_lies_inside(table: CalibrationTable) -> None:
    lines = coverage_lines(barred(table, _made(100, "test", 2), ("test",))).splitlines()
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells[:2] == ["volume", "T1w"]
    assert cells[2] == "100"
    assert 90 < float(cells[4].removesuffix(" %")) <= 99


def test_the_estimate_takes_no_bar_from_the_plan_s_own_exam() -> None:
    samples = _made(45, "train", 3)
    strange = [
        replace(one, errors={name: errors + 100 for name, errors in one.errors.items()})
        for one in samples
        if one.exam == "exam 0"
    ]
    usual = [one for one in samples if one.exam != "exam 0"]
    bars = {one.exam: bar["angle95_deg"] or 0.0 for one, bar in estimated([*usual, *strange])}
    assert bars["exam 0"] < 5 < 100 < bars["exam 1"]


def test_a_kind_or_contrast_with_few_plans_or_exams_gets_no_level() -> None:
    few = calibrated(_made(FEWEST - 1, "val", 3), SHA256)
    assert few["kinds"] == {}
    enough = _made(36, "val", 4)
    known = calibrated(enough, SHA256)["kinds"]["volume"]["measures"]["angle95_deg"]["levels"]
    assert set(known) == {"T1w"}
    of_few_exams = [one for one in enough if one.exam not in ("exam 0", "exam 1")]
    assert calibrated(of_few_exams, SHA256)["kinds"] == {}


def test_the_quantile_counts_the_next_case_too() -> None:
    scores = [np.array([float(value)]) for value in range(1, 40)]
    # 38 of 39: 0.95 x 40, not 0.95 x 39.
    assert conformal(scores, [f"exam {value}" for value in range(1, 40)]) == 38.0


def test_an_exam_with_many_plans_counts_as_much_as_one_with_few() -> None:
    many = [np.array([1.0])] * 900
    few = [np.array([2.0])] * 10
    assert conformal([*many, *few], ["many"] * 900 + ["few"] * 10) == 2.0
    assert conformal([*many, *few], [str(number) for number in range(910)]) == 1.0
