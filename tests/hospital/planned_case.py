"""One planned DICOM case in memory, for tests of what is made of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case.process import Outcome, process_volume
from callosal.pipelines.outline.contour import LEVEL
from callosal.pipelines.reading.cases import Case, find_cases
from callosal.pipelines.settings import Settings


@dataclass(frozen=True)
class PlannedCase:
    case: Case
    outcome: Outcome

    @property
    def callosum(self) -> Callosum:
        assert self.outcome.callosum is not None
        return self.outcome.callosum

    @property
    def mask(self) -> np.ndarray:
        return (self.callosum.component >= LEVEL).astype(np.uint8)


def planned(folder: Path) -> PlannedCase:
    (case,) = find_cases([folder]).cases
    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)
    outcome = process_volume(case.load(), segmenter, Settings(), case.source)
    return PlannedCase(case, outcome)
