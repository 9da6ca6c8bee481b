"""The revisions of a case's review on disk: each is kept, none is overwritten.

`reviews/0001.json` and so on hold them; `plan.reviewed.json` is a copy of the newest. A revision
is taken by making its file, which only one of two writers can, whatever process they are in.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callosal.models.errors import CallosalError, InputError
from callosal.pipelines.outputs.atomic import write_bytes
from callosal.pipelines.outputs.file_names import REVIEWED_PLAN, REVISIONS
from callosal.pipelines.planning.plan_versions import current_plan
from callosal.pipelines.review.review_document import validate_review


class ReviewConflictError(CallosalError, RuntimeError):
    """Someone else has saved a review of the case since it was loaded."""


def latest_review(folder: Path) -> dict[str, Any] | None:
    """The newest review of a case, or None.

    Args:
        folder: Folder of the case.

    Raises:
        InputError: It is broken (`bad_review`).
    """
    revisions = _revisions(folder)
    if not revisions:
        return None
    path = _path(folder, revisions[-1])
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["plan"] is not None:
            document["plan"] = current_plan(document["plan"])
        validate_review(document)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{folder.name}: {REVISIONS}/{path.name} is no review ({type(error).__name__}); move "
            "it away to go on from the one before",
            "bad_review",
        ) from error
    return dict(document)


def review_summary(folder: Path) -> dict[str, Any]:
    """Decision and reviewed angle of a case, empty without a review; unchecked, for a list."""
    try:
        document = json.loads((folder / REVIEWED_PLAN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"decision": None}
    if not isinstance(document, dict):
        return {"decision": None}
    roi = document.get("roi")
    angle = {"angle_deg": roi.get("angle_deg")} if isinstance(roi, dict) else {}
    return {"decision": document.get("decision"), **angle}


def add_review(folder: Path, document: Mapping[str, Any]) -> None:
    """Keep a new revision and make it the current one.

    Args:
        folder: Folder of the case.
        document: The review; its revision is one above the newest.

    Raises:
        ReviewConflictError: That revision exists already (`review_conflict`).
        OSError: The disk is full or read-only.
    """
    revision = int(document["revision"])
    revisions = _revisions(folder)
    if revision != (revisions[-1] if revisions else 0) + 1:
        raise _conflict(folder, revision)
    content = (json.dumps(document, indent=1) + "\n").encode("utf-8")
    (folder / REVISIONS).mkdir(exist_ok=True)
    _write_new(_path(folder, revision), content)
    write_bytes(folder / REVIEWED_PLAN, content)


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet."""
    try:
        with path.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        raise _conflict(path.parent.parent, int(path.stem)) from None


def _conflict(folder: Path, revision: int) -> ReviewConflictError:
    return ReviewConflictError(
        f"{folder.name}: revision {revision} was saved by someone else meanwhile; look at it first",
        "review_conflict",
    )


def _revisions(folder: Path) -> list[int]:
    names = (path.stem for path in (folder / REVISIONS).glob("[0-9]*.json"))
    return sorted(int(name) for name in names if name.isdecimal())


def _path(folder: Path, revision: int) -> Path:
    return folder / REVISIONS / f"{revision:04d}.json"
