"""Error bars of made facts by a made table, and what the table that ships must keep."""

import hashlib
import json
from dataclasses import replace
from importlib.resources import files

import pytest

from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.error_bars.bounds import Bounds, error_bars
from callosal.pipelines.error_bars.calibration import (
    TABLE,
    Calibration,
    CalibrationTable,
    Scale,
    shipped_table,
)
from callosal.pipelines.error_bars.case_facts import FACTS, CaseFacts, Contrast, Kind
from callosal.pipelines.planning.findings import BARS
from callosal.pipelines.settings import FusionSettings, Settings

LEVELS = {"T1w": 2.0, "dark": 3.0}
SCALE = Scale(0.5, {"noise": 10.0, "doubt": 1.0}, LEVELS)
RANGES = {"noise": (0.01, 0.1), "doubt": (0.0, 0.5)}
MADE = CalibrationTable(
    "a" * 64,
    {
        Kind.VOLUME: Calibration(RANGES, dict.fromkeys(BARS, SCALE)),
        Kind.SAGITTAL_SLICES: Calibration(RANGES, dict.fromkeys(BARS[:2], SCALE)),
    },
)
CASE = CaseFacts(Kind.VOLUME, Contrast.T1, dict.fromkeys(FACTS) | {"noise": 0.05, "doubt": 0.2})


def _bars(facts: CaseFacts, settings: Settings = Settings()) -> Bounds:  # noqa: B008
    return error_bars(facts, MADE.model_sha256, settings, MADE)


def _with(**values: float | None) -> CaseFacts:
    return replace(CASE, values={**CASE.values, **values})


def test_a_bar_is_level_times_base_and_facts() -> None:
    bars = _bars(CASE)
    assert bars.values == pytest.approx(dict.fromkeys(BARS, 2 * (0.5 + 0.5 + 0.2)))
    assert bars.reasons == {}


def test_dark_callosa_have_a_level_of_their_own() -> None:
    dark = _bars(replace(CASE, contrast=Contrast.DARK))
    assert dark.values["angle95_deg"] == pytest.approx(3 * 1.2)


def test_a_callosum_that_hardly_stands_out_has_no_bar() -> None:
    faint = _bars(replace(CASE, contrast=Contrast.OTHER))
    assert faint.reasons == dict.fromkeys(BARS, "beyond_calibration")


def test_a_contrast_with_too_few_cases_has_no_bar() -> None:
    scale = replace(SCALE, levels={"T1w": 2.0})
    table = replace(MADE, kinds={Kind.VOLUME: Calibration(RANGES, dict.fromkeys(BARS, scale))})
    facts = replace(CASE, contrast=Contrast.DARK)
    bars = error_bars(facts, MADE.model_sha256, Settings(), table)
    assert bars.reasons == dict.fromkeys(BARS, "beyond_calibration")


@pytest.mark.parametrize(
    ("weighting", "is_bright", "step", "group"),
    [("T1w", True, 0.6, "T1w"), (None, True, 0.6, "T1w"), ("T1w", False, 0.6, "other"),
     (None, False, 0.6, "dark"), ("T2w", False, 0.3, "dark"), ("FLAIR", True, 0.6, "other"),
     (None, True, 0.3, "other"), ("T1w", True, 0.3, "other"), (None, False, 0.1, "other")],
)  # fmt: skip
def test_the_picture_says_the_group_unless_the_file_contradicts_it(
    weighting: str | None, is_bright: bool, step: float, group: str
) -> None:
    assert Contrast.of(weighting, is_bright, step) == group


def test_facts_below_the_calibration_give_no_narrower_bar() -> None:
    assert _bars(_with(noise=0.0)).values == _bars(_with(noise=0.01)).values


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"noise": 0.2}, "beyond_calibration"),
        ({"noise": None}, "beyond_calibration"),
        ({"noise": float("nan")}, "beyond_calibration"),
        ({"doubt": 0.7}, "plan_in_doubt"),
    ],
)
def test_a_case_beyond_the_calibration_has_no_bar(
    values: dict[str, float | None], reason: str
) -> None:
    bars = _bars(_with(**values))
    assert bars.values == dict.fromkeys(BARS)
    assert bars.reasons == dict.fromkeys(BARS, reason)


def test_a_kind_that_was_not_calibrated_has_no_bar() -> None:
    assert set(_bars(replace(CASE, kind=Kind.LOCALIZER)).reasons.values()) == {"beyond_calibration"}


def test_another_network_has_no_bar() -> None:
    bars = error_bars(CASE, "b" * 64, Settings(), MADE)
    assert set(bars.reasons.values()) == {"bars_of_another_model"}


@pytest.mark.parametrize(
    "settings", [Settings(line="endpoints"), Settings(fusion=FusionSettings(box_weight=0.2))]
)
def test_another_rule_of_the_pose_has_no_bar(settings: Settings) -> None:
    assert set(_bars(CASE, settings).reasons.values()) == {"bars_of_other_settings"}


def test_sagittal_slices_have_no_bar_of_their_plane() -> None:
    bars = _bars(replace(CASE, kind=Kind.SAGITTAL_SLICES))
    assert bars.values["plane95_deg"] is None
    assert bars.values["angle95_deg"] is not None
    assert bars.reasons == {"plane95_deg": "tilt_and_turn_assumed"}


def test_the_table_that_ships_is_that_of_the_network_that_ships() -> None:
    content = resolve_model(DEFAULT).read_bytes()
    assert shipped_table().model_sha256 == hashlib.sha256(content).hexdigest()


def test_the_table_that_ships_says_where_it_comes_from() -> None:
    text = files("callosal.models").joinpath(TABLE).read_text(encoding="utf-8")
    entry = json.loads(text)
    assert {"schema", "coverage", "date", "command", "source", "model", "kinds"} <= set(entry)
    assert all(part["counts"]["exams"] >= 5 for part in entry["kinds"].values())


def test_every_weight_that_ships_widens() -> None:
    scales = [one for part in shipped_table().kinds.values() for one in part.scales.values()]
    assert scales
    assert all(one.base >= 0 and min(one.weights.values()) >= 0 for one in scales)
    assert all(min(one.levels.values()) > 0 for one in scales)
