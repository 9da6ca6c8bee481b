"""Is a folder a BIDS dataset? Its description always, all of it where a validator is installed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from callosal.models.errors import InputError

DESCRIPTION = "dataset_description.json"
VALIDATORS: Mapping[str, tuple[str, ...]] = {
    "bids-validator-deno": ("--format", "json"),
    "bids-validator": ("--json",),
}
"""Commands that validate, with what makes them answer as JSON; the first one found is run."""


def read_description(bids_dir: Path) -> dict[str, Any]:
    """Content of dataset_description.json.

    Raises:
        InputError: `no_bids_dataset`: it is not there, or lacks Name or BIDSVersion.
    """
    path = bids_dir / DESCRIPTION
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        if not (description["Name"] and description["BIDSVersion"]):
            raise KeyError
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"{bids_dir.name}: holds no {DESCRIPTION} with Name and BIDSVersion, so it is no BIDS "
            "dataset; `callosal infer` takes plain folders",
            "no_bids_dataset",
        ) from None
    return dict(description)


def validate(bids_dir: Path) -> str:
    """Run the BIDS validator on a dataset.

    Args:
        bids_dir: Folder of the dataset.

    Returns:
        One line: what was found, or that no validator is installed.

    Raises:
        InputError: `invalid_bids`: the validator reports errors.
    """
    found = _validator()
    if found is None:
        return (
            f"not validated beyond {DESCRIPTION}: no BIDS validator is installed; "
            "pip install bids-validator-deno brings one"
        )
    command, options = found
    done = subprocess.run(
        [command, str(bids_dir.absolute()), *options], capture_output=True, text=True, check=False
    )
    try:
        errors = list(_errors(json.loads(done.stdout)))
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"not validated: {Path(command).name} gave no answer (exit code {done.returncode})"
    if errors:
        code, place = errors[0]
        raise InputError(
            f"{bids_dir.name}: the BIDS validator reports {len(errors)} errors, the first "
            f"{code} at {place}; run {Path(command).name} for all, or add --skip-bids-validation",
            "invalid_bids",
        )
    return f"valid by {Path(command).name}"


def _validator() -> tuple[str, Sequence[str]] | None:
    for name, options in VALIDATORS.items():
        # That of a virtual environment need not be on the PATH.
        command = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
        if command:
            return command, options
    return None


def _errors(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Code and place of each error, in the answer of either validator."""
    issues = answer["issues"]
    if "errors" in issues:
        return [(str(error["key"]), _first_file(error)) for error in issues["errors"]]
    return [
        (str(issue["code"]), str(issue.get("location", "/")))
        for issue in issues["issues"]
        if issue["severity"] == "error"
    ]


def _first_file(error: Mapping[str, Any]) -> str:
    files = error.get("files") or [{}]
    return str((files[0].get("file") or {}).get("relativePath", "/"))
