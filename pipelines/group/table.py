"""One table of a group: a row for each image, with its measures and what is known of the person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callosal.models.errors import InputError
from callosal.pipelines.bids.derivative_names import MORPHOMETRY, PLAN, THICKNESS
from callosal.pipelines.bids.morphometry_table import KEYS, POSE, QUALITY
from callosal.pipelines.bids.same_images import same_images
from callosal.pipelines.bids.tsv import read_tsv
from callosal.pipelines.group.made_with import MADE_WITH, made_with
from callosal.pipelines.group.participants import Participants, read_participants
from callosal.pipelines.group.reviews import Value, corrected_values, current_review
from callosal.pipelines.outputs.file_names import CASES, RUNS
from callosal.pipelines.outputs.measures_table import POINTS, THICKNESS_COLUMNS

REVIEW = "review"
SAME_IMAGE = "same_image_as"

Row = Mapping[str, Value]


@dataclass(frozen=True)
class GroupTable:
    """All images of a dataset.

    Attributes:
        rows: One for each image.
        columns: In the order of group.tsv.
        measures: Those columns that are measures of the callosum, without the thickness profile.
        traits: Columns of participants.tsv and of the tables of sessions.
        without_results: Participants of participants.tsv of which no image was measured.
        gone: Participants with results that the dataset no longer has; none of `rows` is theirs.
        listed: What participants.tsv lists.
    """

    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    measures: tuple[str, ...]
    traits: tuple[str, ...]
    without_results: tuple[str, ...]
    gone: tuple[str, ...]
    listed: Participants

    @property
    def participants(self) -> tuple[str, ...]:
        """Those with results, in order."""
        return tuple(dict.fromkeys(str(row["participant_id"]) for row in self.rows))


def collect(bids_dir: Path, output_dir: Path) -> GroupTable:
    """Gather what the participant level wrote and join it with the tables of the dataset.

    Args:
        bids_dir: Folder of the dataset.
        output_dir: Folder of the derivatives.

    Raises:
        InputError: `no_results`: there is none; `bad_table`: a table cannot be read.
    """
    found = sorted(output_dir.glob(f"sub-*/**/*_{MORPHOMETRY}"))
    # Who was taken out of the dataset is out of the group.
    files = [path for path in found if (bids_dir / _participant(path, output_dir)).is_dir()]
    gone = sorted(
        {_participant(path, output_dir) for path in found}
        - {_participant(path, output_dir) for path in files}
    )
    measured = [(path, row) for path in files for row in read_tsv(path)]
    if not measured:
        raise InputError(
            f"{output_dir.name}: holds no results; run `callosal bids ... participant` first",
            "no_results",
        )
    listed = read_participants(bids_dir)
    names = dict.fromkeys(column for _, row in measured for column in row)
    measures = [name for name in names if name not in {*KEYS, *QUALITY, *POSE}]
    rows, traits = [], dict[str, None]()
    own = (REVIEW, SAME_IMAGE, *MADE_WITH)
    copies = same_images({str(row["image"]): bids_dir / str(row["image"]) for _, row in measured})
    for path, row in measured:
        known = _known(row, listed, bids_dir, {*names, *own})
        traits |= dict.fromkeys(known)
        values = {name: typed(name, value) for name, value in {**row, **known}.items()}
        review = current_review(case_folder(output_dir, row))
        made: dict[str, Value] = {
            REVIEW: None if review is None else review.decision,
            SAME_IMAGE: copies.get(str(row["image"])),
            **made_with(path.with_name(path.name.removesuffix(MORPHOMETRY) + PLAN)),
        }
        rows.append({**values, **made, **_profile(path), **corrected_values(review)})
    columns = (*KEYS, *traits, *QUALITY, *own, *POSE, *measures, *THICKNESS_COLUMNS)
    there = {str(row["participant_id"]) for row in rows}
    missing = tuple(sorted(set(listed.traits) - there))
    return GroupTable(
        tuple(rows), columns, tuple(measures), tuple(traits), missing, tuple(gone), listed
    )


def _participant(path: Path, output_dir: Path) -> str:
    return path.relative_to(output_dir).parts[0]


def is_sure(row: Row) -> bool:
    """Whether a row may enter statistics: measured with confidence, or approved by a person.

    >>> is_sure({"status": "ok", "review": "rejected"})
    False
    >>> is_sure({"status": "low_confidence", "review": "accepted"})
    True
    """
    if row[REVIEW] in ("accepted", "corrected"):
        return row["status"] in ("ok", "low_confidence")
    return row["status"] == "ok" and row[REVIEW] is None


def profile_mm(row: Row) -> list[float] | None:
    """The thickness profile of a row, rostrum first; None where it was not measured."""
    values = [row.get(name) for name in THICKNESS_COLUMNS]
    known = [value for value in values if isinstance(value, float)]
    return known if len(known) == POINTS else None


def _known(
    row: Mapping[str, str | None],
    people: Participants,
    bids_dir: Path,
    taken: Iterable[str],
) -> dict[str, str | None]:
    """What the tables of the dataset say of a participant, and of the session before that."""
    participant = str(row["participant_id"])
    sessions = bids_dir / participant / f"{participant}_sessions.tsv"
    listed = read_tsv(sessions) if sessions.is_file() else []
    of_session = next((s for s in listed if s.get("session_id") == row["session_id"]), {})
    joined = dict(people.traits.get(participant, {}))
    for name, value in of_session.items():
        # An age that is not known of the session is that of the participant.
        joined[name] = joined.get(name) if value is None else value
    renamed = {f"{name}_listed" if name in taken and name not in KEYS else name: value
               for name, value in joined.items()}  # fmt: skip
    return {name: value for name, value in renamed.items() if name not in KEYS}


def typed(name: str, value: str | None) -> Value:
    """The value of a cell: a number where it is one; keys and codes stay texts."""
    if value is None or name in KEYS:
        return value
    try:
        number = float(value)
    except ValueError:
        return value
    return number if abs(number) < float("inf") else None


def _profile(path: Path) -> dict[str, Value]:
    table = path.with_name(path.name.removesuffix(MORPHOMETRY) + THICKNESS)
    if not table.is_file():
        return dict.fromkeys(THICKNESS_COLUMNS)
    values = [typed("thickness_mm", row.get("thickness_mm")) for row in read_tsv(table)]
    if len(values) != POINTS:
        return dict.fromkeys(THICKNESS_COLUMNS)
    return dict(zip(THICKNESS_COLUMNS, values, strict=True))


def case_folder(output_dir: Path, row: Mapping[str, Any]) -> Path:
    """Folder of the case of a row in the run of its participant."""
    stem = str(row["image"]).rpartition("/")[2].split(".")[0]
    return output_dir / RUNS / str(row["participant_id"]) / CASES / stem


def choose_column(table: GroupTable, wanted: Sequence[str]) -> str | None:
    """The first of some names that is a column of the dataset's tables, in any case."""
    by_lower = {name.lower(): name for name in table.traits}
    return next((by_lower[name.lower()] for name in wanted if name.lower() in by_lower), None)
