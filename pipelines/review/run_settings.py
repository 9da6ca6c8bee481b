"""The settings that a run planned with, read back from its record."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from callosal.models.errors import CallosalError, InputError
from callosal.pipelines.outputs.file_names import RUN_FILE
from callosal.pipelines.settings import FusionSettings, Line, PlanSettings, SliceSettings


@dataclass(frozen=True)
class RunSettings:
    """What a correction needs of a run's settings.

    Attributes:
        config_sha256: Hash of all settings of the run.
        line: Kind of the reference line.
        fusion: How box and line became one.
        plan: Slices and fields of view.
    """

    config_sha256: str
    line: Line
    fusion: FusionSettings
    plan: PlanSettings


def read_run_settings(output: Path) -> RunSettings:
    """Settings of the run that wrote a folder.

    Raises:
        InputError: run.json is missing or holds no settings (`bad_run_record`).
    """
    try:
        record = json.loads((output / RUN_FILE).read_text(encoding="utf-8"))
        config = record["config"]
        return RunSettings(
            config_sha256=str(record["config_sha256"]),
            line=cast(Line, str(config["line"])),
            fusion=FusionSettings(**config["fusion"]),
            plan=_plan_settings(config["plan"]),
        )
    except (OSError, ValueError, KeyError, TypeError, CallosalError) as error:
        raise InputError(
            f"{output}: run.json holds no settings ({type(error).__name__}); give the folder that "
            "`callosal infer --output` wrote",
            "bad_run_record",
        ) from error


def _plan_settings(config: Mapping[str, Any]) -> PlanSettings:
    return PlanSettings(
        transverse=SliceSettings(**config["transverse"]),
        coronal=SliceSettings(**config["coronal"]),
        sagittal=SliceSettings(**config["sagittal"]),
        fov_margin_mm=float(config["fov_margin_mm"]),
        slice_margin_mm=float(config["slice_margin_mm"]),
        fov_step_mm=float(config["fov_step_mm"]),
    )
