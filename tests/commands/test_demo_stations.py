"""`callosal demo --stitch`: true shifts beside found ones, and its exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from callosal.pipelines.cli import main
from callosal.pipelines.commands.demo_stations import station_shifts
from callosal.pipelines.outputs.file_names import CASES, STITCHED_RECORD
from callosal.pipelines.phantom import spine_stations
from callosal.pipelines.phantom.spine_stations import StationProtocol

PROTOCOLS = [
    StationProtocol((0, 0, 0), moved_lps_mm=moved)
    for moved in ((0, 0, 0), (0, 3.0, -4.0), (0, 1.0, 2.0))
]


def _record(*shifts: tuple[float, float, float]) -> dict[str, Any]:
    return {
        "status": "ok",
        "confidence": 0.9,
        "stations": [
            {"source": {"series_number": number}, "shift_lps_mm": list(shift)}
            for number, shift in enumerate(shifts, start=2)
        ],
    }


def test_shifts_count_from_the_station_that_stays() -> None:
    first, second, third = station_shifts(
        PROTOCOLS, _record((0, 3.0, -4.0), (0, 0, 0), (0, 2.0, -5.6))
    )
    assert first.error_mm == second.error_mm == 0
    assert third.true_lps_mm == (0, 2.0, -6.0)
    assert third.error_mm == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("shifts", "code"),
    [
        (((0, 3.0, -4.0), (0, 0, 0), (0, 2.0, -5.6)), 0),
        (((0, 3.0, -4.0), (0, 0, 0), (0, 2.0, -5.0)), 2),
        (((0, 3.0, -4.0), (0, 0, 0)), 2),
        ((), 1),
    ],
)
def test_exit_code_follows_the_shifts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shifts: Any, code: int
) -> None:
    def stitch(inputs: list[Path], output: Path) -> int:
        case = output / CASES / "case-1"
        case.mkdir(parents=True)
        if shifts:
            (case / STITCHED_RECORD).write_text(json.dumps(_record(*shifts)))
        return 0

    monkeypatch.setattr("callosal.pipelines.commands.stitch.stitch", stitch)
    monkeypatch.setattr(spine_stations, "write_made_exam", lambda folder, seed: PROTOCOLS)
    assert main(["demo", "--stitch", "--output", str(tmp_path)]) == code


def test_the_demo_joins_what_it_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write = spine_stations.write_made_exam
    monkeypatch.setattr(
        spine_stations, "write_made_exam",
        lambda folder, seed: write(folder, seed, n_stations=2, pixel_mm=1.6),
    )  # fmt: skip
    assert main(["demo", "--stitch", "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "2 of 2 stations joined; within tolerance" in printed
    (row,) = [json.loads(line) for line in (tmp_path / "result/results.jsonl").open()]
    assert row["status"] == "joined"


def test_a_scout_and_stations_are_two_demos(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--stitch", "--localizer"]) == 3
    assert "choose one of them" in capsys.readouterr().err
