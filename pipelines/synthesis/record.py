"""The record of a run: every sample that was tried, written down as soon as it is done.

`candidates.jsonl` grows by one line a sample, after the files of the sample are whole; its first
line says which run it is. A run that was cut goes on where the record ends.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from callosal.models.errors import InputError

FILE = "candidates.jsonl"


@dataclass(frozen=True)
class Candidate:
    """One sample that was tried.

    Attributes:
        number: Number within the set; with the seed it decides all there is to it.
        name: Folder of the pair, or None where it was not written.
        sha256: Hash of the pixels of image and mask, or None.
        mask_voxels: Pixels of the mask on the written grid, or None.
        asked: Condition values that were asked for, by name.
        given: Name of the given mask, or None.
        findings: What was measured, and why it was turned down.
    """

    number: int
    name: str | None
    sha256: str | None
    mask_voxels: int | None
    asked: Mapping[str, float]
    given: str | None
    findings: Mapping[str, Any]


def open_record(folder: Path, run: Mapping[str, Any]) -> list[Candidate]:
    """Start a record, or read the one of a run that was cut.

    Args:
        folder: Output folder; made where it is missing.
        run: All that decides the samples.

    Returns:
        Samples that are done, in order from number 0.

    Raises:
        InputError: The folder holds samples of another run, code `other_run`.
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    header = json.dumps({"run": run}, sort_keys=True)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    if not lines:
        path.write_text(header + "\n", encoding="utf-8")
        return []
    _require_same(lines[0], header, folder)
    done: list[Candidate] = []
    for line in lines[1:]:
        candidate = _parsed(line)
        if candidate is None or candidate.number != len(done):
            # The line that was being written when the run was cut.
            break
        done.append(candidate)
    text = [header, *(_line(candidate) for candidate in done)]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return done


def append(folder: Path, candidates: Sequence[Candidate]) -> None:
    """Add samples that are done, and have them on the disk before going on."""
    with (folder / FILE).open("a", encoding="utf-8") as stream:
        stream.writelines(_line(candidate) + "\n" for candidate in candidates)
        stream.flush()
        os.fsync(stream.fileno())


def _line(candidate: Candidate) -> str:
    return json.dumps(asdict(candidate), sort_keys=True)


def _parsed(line: str) -> Candidate | None:
    try:
        return Candidate(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _require_same(found: str, wanted: str, folder: Path) -> None:
    try:
        before = json.loads(found)["run"]
    except (ValueError, KeyError, TypeError):
        before = {}
    now = json.loads(wanted)["run"]
    other = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
    if other:
        raise InputError(
            f"--output {folder.name}: holds samples of another run ({', '.join(other)} differ); "
            "give the same options to go on with it, or name a new folder",
            code="other_run",
        )
