"""One series to its plan with outputs written, every stage timed, the model kept open."""

import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.pipelines.case.process_case import process_case
from callosal.pipelines.outputs.case_folder import RunFingerprint, write_case
from callosal.pipelines.reading.cases import find_cases
from callosal.pipelines.settings import Settings


@dataclass(frozen=True, eq=False)
class Planner:
    """What stays open between the runs.

    Attributes:
        series: Folder of one series.
        output: Folder for its outputs.
        segmenter: The opened model.
    """

    series: Path
    output: Path
    segmenter: Segmenter

    @classmethod
    def opened(cls, series: Path, model: Path, output: Path, threads: int) -> "Planner":
        """Open the model."""
        return cls(series, output, open_segmenter(model, "cpu", threads))

    def plan(self) -> dict[str, Any]:
        """Read, plan and write; the angle, and milliseconds of each stage."""
        laps = [time.perf_counter()]
        case = find_cases([self.series]).cases[0]
        laps.append(time.perf_counter())
        volume = case.load()
        laps.append(time.perf_counter())
        answer = process_case(case, volume, self.segmenter, Settings())
        laps.append(time.perf_counter())
        write_case(self.output, answer, {}, RunFingerprint("", "", "").of_case(case.fingerprint))
        laps.append(time.perf_counter())
        headers, pixels, process, write = (1000 * (end - start) for start, end in pairwise(laps))
        stages = answer.document["timings_ms"]
        final = answer.document["final"] or {}
        return {
            "angle_deg": final.get("angle_deg"),
            "stages_ms": {
                "headers": headers,
                "pixels": pixels,
                **stages,
                "document": process - sum(stages.values()),
                "write": write,
            },
        }
