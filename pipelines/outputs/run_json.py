"""The file run.json of a run folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from callosal.pipelines.outputs.atomic import write_text
from callosal.pipelines.outputs.case_id import Names
from callosal.pipelines.outputs.file_names import RUN_FILE
from callosal.pipelines.outputs.json_object import json_object


def write_run_record(output: Path, record: Mapping[str, Any]) -> None:
    """Write run.json.

    Raises:
        OutputError: It cannot be written.
    """
    write_text(output / RUN_FILE, json.dumps(record, indent=1) + "\n")


def names_of_run(output: Path) -> Names:
    """How the cases of a run are named; `hash` where its record does not say it."""
    said = json_object(output / RUN_FILE).get("names")
    return next((names for names in get_args(Names) if names == said), "hash")
