"""The file run.json of a run folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callosal.pipelines.outputs.atomic import write_text
from callosal.pipelines.outputs.file_names import RUN_FILE


def write_run_record(output: Path, record: Mapping[str, Any]) -> None:
    """Write run.json.

    Raises:
        OutputError: It cannot be written.
    """
    write_text(output / RUN_FILE, json.dumps(record, indent=1) + "\n")
