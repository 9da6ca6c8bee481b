"""The changes of all participants in one table, and the participants whose change is not known."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callosal.models.errors import InputError
from callosal.pipelines.bids.tsv import read_tsv
from callosal.pipelines.group.made_with import MADE_WITH, model_words
from callosal.pipelines.group.table import GroupTable, Row, case_folder, is_sure, typed
from callosal.pipelines.longitudinal.tables import CHANGE_COLUMNS
from callosal.pipelines.longitudinal.visit_names import CHANGE, RECORD
from callosal.pipelines.outputs.file_names import PLAN

SERIES = "series"
REASON = "reason"
OUTDATED = "outdated"

_OUTDATED_WORDS = (
    "an image was measured again, rejected or removed since; run `callosal bids ... longitudinal` "
    "again"
)


@dataclass(frozen=True)
class Unknown:
    """A series of visits whose change is not known.

    Attributes:
        participant: Such as sub-01.
        series: Start of the names of its files.
        code: Why: a code of the longitudinal level, or `outdated`.
        words: The same in words.
    """

    participant: str
    series: str
    code: str
    words: str


@dataclass(frozen=True)
class Changes:
    """What the longitudinal level left.

    Attributes:
        rows: One for each participant and measure, then one for each series in `unknown`.
        unknown: The series whose change is not known.
        left_out: Sessions that a measured change is without, each as image and code.
        missing: Participants with several sessions at which the longitudinal level did not look;
            empty if it never ran.
    """

    rows: tuple[Row, ...]
    unknown: tuple[Unknown, ...]
    left_out: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]

    @staticmethod
    def columns(table: GroupTable) -> tuple[str, ...]:
        """Columns of the table, in their order."""
        made = (name for name in MADE_WITH if name != "settings")
        return ("participant_id", SERIES, *table.traits, *CHANGE_COLUMNS, REASON, *made)


def read_changes(table: GroupTable, output_dir: Path) -> Changes:
    """Gather what the longitudinal level wrote for the participants of a table.

    Args:
        table: All images, with the traits of their participants. Of a trait that differs between
            sessions, that of the first one counts.
        output_dir: Folder of the derivatives.

    Raises:
        InputError: `bad_table`: a table cannot be read.
    """
    known: dict[str, Row] = {}
    for row in table.rows:
        traits = {name: row.get(name) for name in table.traits}
        known.setdefault(str(row["participant_id"]), traits)
    records = {
        path: _record(path)
        for path in sorted(output_dir.glob(f"sub-*/*_{RECORD}"))
        if path.parent.name in known
    }
    unknown = tuple(
        found for path, one in records.items() if (found := _unknown(path, one, table, output_dir))
    )
    lost = {one.series for one in unknown}
    current = {path: one for path, one in records.items() if _series(path) not in lost}
    rows = [
        {**_keys(path, known), **row}
        for path, record in current.items()
        for row in _change(path, record)
    ]
    rows += [
        {"participant_id": one.participant, SERIES: one.series, **known[one.participant],
         REASON: one.code}
        for one in unknown
    ]  # fmt: skip
    left_out = [
        (str(image), str(code))
        for record in current.values()
        for image, code in record.get("LeftOut", {}).items()
    ]
    seen = {path.parent.name for path in records}
    several = [name for name in known if _n_sessions(table, name) > 1] if seen else []
    return Changes(
        tuple(rows), unknown, tuple(left_out), tuple(name for name in several if name not in seen)
    )


def _keys(path: Path, known: Mapping[str, Row]) -> Row:
    return {"participant_id": path.parent.name, SERIES: _series(path), **known[path.parent.name]}


def _series(record: Path) -> str:
    return record.name.removesuffix(f"_{RECORD}")


def _change(record_file: Path, record: Mapping[str, Any]) -> Iterator[Row]:
    model = record.get("Model", {})
    made = {
        "software": f"callosal {record.get('SoftwareVersion')}",
        "model": model_words(model.get("Name"), model.get("Sha256")),
    }
    for row in read_tsv(record_file.with_name(f"{_series(record_file)}_{CHANGE}")):
        yield {**{name: typed(name, value) for name, value in row.items()}, **made}


def _unknown(
    path: Path, record: Mapping[str, Any], table: GroupTable, output_dir: Path
) -> Unknown | None:
    if "Refused" in record:
        words = str(record.get("Reason", ""))
        return Unknown(path.parent.name, _series(path), str(record["Refused"]), words)
    if all(_is_current(visit, table, output_dir) for visit in record.get("Visits", [])):
        return None
    return Unknown(path.parent.name, _series(path), OUTDATED, _OUTDATED_WORDS)


def _is_current(visit: Mapping[str, Any], table: GroupTable, output_dir: Path) -> bool:
    """Whether a visit is still measured with the plan that its change rests on."""
    name = str(visit["Image"]).removeprefix("bids:raw:")
    row = next((row for row in table.rows if row["image"] == name), None)
    if row is None or not is_sure(row):
        return False
    plan = case_folder(output_dir, row) / PLAN
    # A record of a version that did not keep the hash is not trusted.
    planned = visit.get("PlanSha256")
    return plan.is_file() and hashlib.sha256(plan.read_bytes()).hexdigest() == planned


def _record(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{path.name}: cannot be read ({type(error).__name__}); run `callosal bids ... "
            "longitudinal` again",
            "bad_table",
        ) from None


def _n_sessions(table: GroupTable, participant: str) -> int:
    return len({row["session_id"] for row in table.rows if row["participant_id"] == participant})
