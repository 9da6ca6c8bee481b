"""The folder of one case: its outputs, and `done.json` that is written last."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from callosal.pipelines.outputs.atomic import make_folder, remove, write_bytes, write_text
from callosal.pipelines.outputs.case_files import CaseFiles
from callosal.pipelines.outputs.file_names import DONE, OUTPUTS, PLAN, REJECTED
from callosal.pipelines.outputs.rejection import (
    drop_objects_aside,
    is_rejected,
    set_objects_aside,
)


@dataclass(frozen=True)
class RunFingerprint:
    """What all results of a run depend on.

    Attributes:
        model_sha256: Hash of the ONNX file; empty where no network runs.
        config_sha256: Hash of the settings, and of a first visit that is repeated.
        software: Version of callosal.
    """

    model_sha256: str
    config_sha256: str
    software: str

    def of_case(self, input_sha256: str) -> "Fingerprint":
        """What the result of one case depends on, by the hash of its input."""
        return Fingerprint(input_sha256, self.model_sha256, self.config_sha256, self.software)


@dataclass(frozen=True)
class Fingerprint:
    """What a result depends on; while it is the same, finished work is not done again.

    Attributes:
        input: Hash of the case's input.
        model_sha256: As of `RunFingerprint`, like the others.
        config_sha256: Hash of the settings.
        software: Version of callosal.
    """

    input: str
    model_sha256: str
    config_sha256: str
    software: str

    @property
    def of_run(self) -> RunFingerprint:
        """The part that all results of the run share."""
        return RunFingerprint(self.model_sha256, self.config_sha256, self.software)


@dataclass(frozen=True)
class Done:
    """Content of `done.json`.

    Attributes:
        fingerprint: What the result depends on.
        row: The case's row in the tables.
        files: Names of the outputs.
    """

    fingerprint: Fingerprint
    row: dict[str, Any]
    files: tuple[str, ...]


def read_done(folder: Path) -> Done | None:
    """What a case folder says of itself; None where it is not finished or lost a file.

    The objects of a rejected plan are not lost: they lie in the folder `rejected`.
    """
    try:
        content = json.loads((folder / DONE).read_text(encoding="utf-8"))
        done = Done(
            Fingerprint(**content["fingerprint"]), dict(content["row"]), tuple(content["files"])
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return done if all(_is_there(folder, name) for name in done.files) else None


def _is_there(folder: Path, name: str) -> bool:
    return (folder / name).is_file() or (folder / REJECTED / name).is_file()


def finished_row(folder: Path, fingerprint: Fingerprint) -> dict[str, Any] | None:
    """The table row of a case that is done with this very input, model and settings."""
    done = read_done(folder)
    return done.row if done is not None and done.fingerprint == fingerprint else None


def write_case(
    folder: Path, answer: CaseFiles, row: Mapping[str, Any], fingerprint: Fingerprint
) -> None:
    """Write all outputs of a case; `done.json` goes last, so that a cut leaves none.

    Raises:
        OutputError: The disk is full or read-only.
    """
    names = write_outputs(folder, answer)
    done = {"fingerprint": asdict(fingerprint), "row": dict(row), "files": names}
    write_text(folder / DONE, json.dumps(done, indent=1))


def write_outputs(folder: Path, answer: CaseFiles) -> list[str]:
    """Write the outputs of a case that is not finished by them, and return their names.

    Raises:
        OutputError: The disk is full or read-only.
    """
    make_folder(folder)
    remove(folder / DONE)
    plan = (json.dumps(answer.document, indent=1) + "\n").encode("utf-8")
    outputs = {PLAN: plan, **answer.files}
    drop_objects_aside(folder)
    for stale in OUTPUTS - set(outputs):
        remove(folder / stale)
    for name, content in outputs.items():
        write_bytes(folder / name, content)
    if is_rejected(folder):
        set_objects_aside(folder)
    return sorted(outputs)
