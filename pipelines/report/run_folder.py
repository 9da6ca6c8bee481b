"""What a run's folder holds, read back for a page: rows, record, timings and small pictures."""

import io
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from callosal.models.errors import InputError
from callosal.pipelines.batch.results import read_rows
from callosal.pipelines.report.thumbnail import THUMBNAIL, thumbnail_bytes

TEXTS = ("case_id", "status", "reasons", "kind", "transverse")
NUMBERS = (
    "confidence", "final_angle_deg", "area_mm2", "seconds", "box_angle_deg", "box_length_mm",
    "box_width_mm", "line_angle_deg", "midline_length_mm", "thickness_mean_mm", "cc_index",
    "dof_estimated", "final_center_x_lps_mm", "final_center_y_lps_mm", "final_center_z_lps_mm",
)  # fmt: skip
FOLDER_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,127}", re.ASCII)
"""Case ids that may name a folder; a table from elsewhere could say `../..`."""


@dataclass(frozen=True)
class ReportedCase:
    """One case as the page shows it.

    Attributes:
        texts: Values of the columns `TEXTS`; "" where there is none.
        numbers: Values of the columns `NUMBERS`; None where nothing was measured.
        timings_ms: Milliseconds by stage; empty where no plan was written.
        picture: A WebP of slice, outline, box, line and ROI; None where nothing was segmented.
    """

    texts: Mapping[str, str]
    numbers: Mapping[str, float | None]
    timings_ms: Mapping[str, float]
    picture: bytes | None

    @property
    def case_id(self) -> str:
        """Name of the case."""
        return self.texts["case_id"]


@dataclass(frozen=True)
class RunFolder:
    """A run: its record (run.json, empty where there is none) and its cases in order."""

    record: Mapping[str, Any]
    cases: tuple[ReportedCase, ...]


def read_run(folder: Path) -> RunFolder:
    """Read what `callosal infer` wrote.

    Args:
        folder: The run's folder, with results.jsonl.

    Raises:
        InputError: There is no table, or a part of one, or a picture is none (`bad_run_folder`).
    """
    # A run that was cut short and taken up again may have told of a case twice.
    newest = {str(row["case_id"]): row for row in read_rows(folder)}
    cases = tuple(_case(folder, row) for _, row in sorted(newest.items()))
    return RunFolder(_object(folder / "run.json"), cases)


def _object(path: Path) -> dict[str, Any]:
    """The object of a JSON file; empty where there is none, for the page can do without."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _case(folder: Path, row: Mapping[str, Any]) -> ReportedCase:
    texts = {name: _text(row.get(name)) for name in TEXTS}
    place = folder / "cases" / texts["case_id"]
    has_folder = FOLDER_NAME.fullmatch(texts["case_id"]) is not None and place.is_dir()
    return ReportedCase(
        texts,
        {name: _number(row.get(name)) for name in NUMBERS},
        _timings_ms(place / "plan.json") if has_folder else {},
        _picture(place) if has_folder else None,
    )


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _number(value: object) -> float | None:
    """A finite number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def _timings_ms(plan: Path) -> dict[str, float]:
    """Timings of a plan; a case that failed before it was planned has none."""
    timings = _object(plan).get("timings_ms")
    found = timings.items() if isinstance(timings, dict) else ()
    return {str(stage): ms for stage, value in found if (ms := _number(value)) is not None}


def _picture(place: Path) -> bytes | None:
    """The small picture; made here of the large one where an older version wrote the case."""
    small, large = place / THUMBNAIL, place / "overlay.png"
    if small.is_file():
        return small.read_bytes()
    if not large.is_file():
        return None
    try:
        with Image.open(io.BytesIO(large.read_bytes()), formats=["PNG"]) as picture:
            return thumbnail_bytes(picture)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{place.name}/{large.name}: is no picture ({error})", code="bad_run_folder"
        ) from error
