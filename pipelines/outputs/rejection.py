"""A case whose plan a person has rejected: its objects lie aside, its rows hold no numbers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callosal.pipelines.outputs.atomic import make_folder, move, remove
from callosal.pipelines.outputs.file_names import DICOM_OBJECTS, REJECTED, REVIEWED_PLAN
from callosal.pipelines.outputs.json_object import json_object

REJECTED_STATUS = "rejected"


def is_rejected(folder: Path) -> bool:
    """Whether the newest review has rejected the case.

    If the case was planned again since, it stays rejected until a person has looked at it again.
    """
    return bool(json_object(folder / REVIEWED_PLAN).get("decision") == REJECTED_STATUS)


def rejected_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a rejected case: who it is, that it was rejected, and no number.

    >>> rejected_row({"case_id": "case-1", "kind": "dicom", "status": "ok", "confidence": 0.9})
    {'case_id': 'case-1', 'kind': 'dicom', 'status': 'rejected', 'confidence': None, \
'reasons': 'rejected'}
    """
    empty: dict[str, Any] = dict.fromkeys(row)
    kept = {"case_id": row["case_id"], "kind": row["kind"]}
    return {**empty, **kept, "status": REJECTED_STATUS, "reasons": REJECTED_STATUS}


def standing_row(folder: Path, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row as the review of its case leaves it standing: itself, or that of a rejected case."""
    return rejected_row(row) if is_rejected(folder) else row


def set_objects_aside(folder: Path) -> None:
    """Move the DICOM objects of a rejected plan into the folder `rejected` of its case.

    Whatever takes the objects of a case from its folder then finds none.

    Raises:
        OutputError: The folder cannot be written.
    """
    for name in DICOM_OBJECTS.values():
        if (folder / name).is_file():
            make_folder(folder / REJECTED)
            move(folder / name, folder / REJECTED / name)


def put_objects_back(folder: Path) -> None:
    """Undo `set_objects_aside`, where the plan is no longer rejected.

    Raises:
        OutputError: The folder cannot be written.
    """
    for name in DICOM_OBJECTS.values():
        if (folder / REJECTED / name).is_file() and not (folder / name).exists():
            move(folder / REJECTED / name, folder / name)
    drop_objects_aside(folder)


def drop_objects_aside(folder: Path) -> None:
    """Remove objects that lie aside: they are those of an earlier plan.

    Raises:
        OutputError: The folder cannot be written.
    """
    if (folder / REJECTED).is_dir():
        for name in DICOM_OBJECTS.values():
            remove(folder / REJECTED / name)
        (folder / REJECTED).rmdir()
