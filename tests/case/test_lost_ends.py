"""On a localizer a thin callosum that may lack an end is in doubt; on a volume it is not."""

from dataclasses import replace

import pytest
from highdicom import Volume

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.callosum.finding import UNKNOWN, Finding, Kind
from callosal.pipelines.callosum.quality import SURE
from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case import judgement, lost_ends
from callosal.pipelines.case.lost_ends import REASON, THIN_MM, doubted_on_lost_ends
from callosal.pipelines.case.process import process_volume
from callosal.pipelines.midplane.localizer_volumes import LocalizerVolumes
from callosal.pipelines.planning.findings import Status
from callosal.pipelines.settings import Settings
from tests.case.made_scout import made_scout


def _of_thickness(callosum: Callosum, thickness_mm: float) -> Callosum:
    facts = callosum.facts
    return replace(callosum, facts=replace(facts, area_mm2=thickness_mm * facts.length_mm))


@pytest.mark.parametrize(
    "finding",
    [Finding(Kind.WHOLE, 0.6), Finding(Kind.THIN, 0.9), Finding(Kind.PARTIAL, 0.9, ("rostrum",))],
)
def test_a_thin_callosum_that_may_lack_an_end_is_in_doubt(
    callosum: Callosum, finding: Finding
) -> None:
    thin = _of_thickness(callosum, THIN_MM - 0.1)
    doubted = doubted_on_lost_ends(thin, finding).quality
    assert REASON in doubted.reasons
    assert doubted.confidence < SURE
    thick = _of_thickness(callosum, THIN_MM + 0.1)
    assert doubted_on_lost_ends(thick, finding) is thick


@pytest.mark.parametrize("finding", [Finding(Kind.WHOLE, 0.9), UNKNOWN])
def test_a_thin_callosum_that_is_surely_whole_or_was_not_measured_is_left(
    callosum: Callosum, finding: Finding
) -> None:
    thin = _of_thickness(callosum, THIN_MM - 0.1)
    assert doubted_on_lost_ends(thin, finding) is thin


def test_localizers_are_doubted_and_volumes_are_not(
    head: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgement, "find_finding", lambda _: Finding(Kind.WHOLE, 0.6))
    monkeypatch.setattr(lost_ends, "THIN_MM", 100.0)
    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)
    scout = process_volume(LocalizerVolumes(made_scout()), segmenter, Settings(), {})
    assert (scout.verdict.status, scout.verdict.reasons) == (Status.LOW_CONFIDENCE, (REASON,))
    volume = process_volume(head, segmenter, Settings(), {})
    assert volume.verdict.status is Status.OK
