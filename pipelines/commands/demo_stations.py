"""`callosal demo --stitch`: join the stations of a simulated spine, with truth beside result."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from callosal.pipelines.outputs.file_names import CASES, STITCHED_PICTURE, STITCHED_RECORD

if TYPE_CHECKING:
    from rich.table import Table

    from callosal.pipelines.phantom.spine_stations import StationProtocol

TOLERANCE_MM = 0.9
"""How close to the truth each shift has to be: one pixel of the coarser stations."""


@dataclass(frozen=True)
class StationShift:
    """How far the result moved one station, and how far it should have moved it.

    Attributes:
        true_lps_mm: The true shift: it takes the station back to where the patient lay during the
            station that stays in place.
        found_lps_mm: The shift in the result.
    """

    true_lps_mm: tuple[float, float, float]
    found_lps_mm: tuple[float, float, float]

    @property
    def error_mm(self) -> float:
        """Distance between the two shifts."""
        return float(np.linalg.norm(np.subtract(self.true_lps_mm, self.found_lps_mm)))


def demo_stations(output: Path, seed: int) -> int:
    """Make the stations of a spine, join them, and print true and found shifts.

    Args:
        output: Folder for the stations and the result.
        seed: Seed of the random patient, stations and motion.

    Returns:
        Exit code: 0 all stations are joined and each shift is within tolerance, 1 there is no
        result, 2 otherwise.
    """
    from rich.console import Console  # the command line reads this file for its help alone

    from callosal.pipelines.commands.stitch import stitch
    from callosal.pipelines.phantom.spine_stations import write_made_exam

    console = Console()
    protocols = write_made_exam(output / "stations", seed)
    result = output / "result"
    stitch([output / "stations"], result)
    records = sorted(result.glob(f"{CASES}/*/{STITCHED_RECORD}"))
    if not records:
        console.print(f"The stations were not joined; see {result}", soft_wrap=True)
        return 1
    record = json.loads(records[0].read_text(encoding="utf-8"))
    shifts = station_shifts(protocols, record)
    console.print(as_table(shifts, f"Spine of seed {seed} in {len(protocols)} stations"))
    largest = max(shift.error_mm for shift in shifts)
    is_within = len(shifts) == len(protocols) and largest <= TOLERANCE_MM
    console.print(
        f"{len(shifts)} of {len(protocols)} stations joined; "
        f"{'within' if is_within else 'NOT within'} tolerance ({TOLERANCE_MM:g} mm); status "
        f"{record['status']}, confidence {record['confidence']:.2f}"
    )
    console.print(f"picture: {records[0].with_name(STITCHED_PICTURE)}", soft_wrap=True)
    console.print(f"set a region on it: callosal review {result}", soft_wrap=True)
    return 0 if is_within else 2


def station_shifts(
    protocols: Sequence["StationProtocol"], record: Mapping[str, Any]
) -> list[StationShift]:
    """True and found shift of each station of a result, from the head down.

    Args:
        protocols: How the stations were acquired, from the head down.
        record: Content of stitched.json; its series are numbered from 2, as `write_made_exam`
            numbers them.
    """
    stations = record["stations"]
    used = [protocols[station["source"]["series_number"] - 2] for station in stations]
    stays = next(
        protocol
        for protocol, station in zip(used, stations, strict=True)
        if not any(station["shift_lps_mm"])
    )
    shifts = []
    for protocol, station in zip(used, stations, strict=True):
        true = np.subtract(stays.moved_lps_mm, protocol.moved_lps_mm).tolist()
        shifts.append(StationShift((true[0], true[1], true[2]), tuple(station["shift_lps_mm"])))
    return shifts


def as_table(shifts: Sequence[StationShift], title: str) -> "Table":
    """True and found shift and their distance, one line per station."""
    from rich.table import Table

    table = Table("station", "true shift L, P, S (mm)", "found", "difference (mm)", title=title)
    for number, shift in enumerate(shifts, start=1):
        true, found = (
            ", ".join(f"{value:.2f}" for value in values)
            for values in (shift.true_lps_mm, shift.found_lps_mm)
        )
        table.add_row(str(number), true, found, f"{shift.error_mm:.2f}")
    return table
