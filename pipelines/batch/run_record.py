"""run.json: what ran, with what, and how long each part took."""

import json
import platform
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from callosal.export.runtime import Segmenter
from callosal.pipelines.batch.atomic import write_text

PACKAGES = ("callosal", "numpy", "scipy", "pydicom", "highdicom", "nibabel", "onnxruntime",
            "onnxruntime-gpu")  # fmt: skip


def write_run_record(
    output: Path,
    segmenter: Segmenter,
    device: str,
    config: Mapping[str, Any],
    config_sha256: str,
    rows: Iterable[Mapping[str, Any]],
    timings_s: Mapping[str, float],
) -> None:
    """Write run.json.

    The command line is left out but for its command: it holds paths, and paths hold names.
    """
    record = {
        "schema": "callosal/run/1",
        "command": "infer",
        "config": dict(config),
        "config_sha256": config_sha256,
        "model": {"name": segmenter.contract.name, "sha256": segmenter.sha256},
        "device": {"asked": device, **segmenter.placement},
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "python": sys.version.split()[0],
        "machine": platform.machine(),
        "counts": dict(Counter(str(row["status"]) for row in rows)),
        "timings_s": {name: round(seconds, 3) for name, seconds in timings_s.items()},
    }
    write_text(output / "run.json", json.dumps(record, indent=1) + "\n")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
