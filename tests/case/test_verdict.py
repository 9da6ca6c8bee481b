from types import SimpleNamespace

import pytest

from callosal.pipelines.callosum.finding import UNKNOWN, Finding, Kind
from callosal.pipelines.callosum.quality import Quality
from callosal.pipelines.case.neighbours import Spread
from callosal.pipelines.case.verdict import judge_case
from callosal.pipelines.planning.findings import Status

WHOLE = Finding(Kind.WHOLE, 0.99)
STEADY = Spread(angle_deg=1.0, center_mm=0.5)


def _judge(confidence=1.0, flags=(), agreement=1.0, spread=STEADY, finding=WHOLE, voxel_mm=1.0):
    seen = SimpleNamespace(plane=SimpleNamespace(flags=flags), dof_estimated=3)
    image = SimpleNamespace(voxel_mm=(voxel_mm, 1.0))
    callosum = SimpleNamespace(quality=Quality(confidence, ()), slice_image=image)
    return judge_case(seen, callosum, SimpleNamespace(agreement=agreement), spread, finding)


def test_nothing_against_it_is_ok_without_reasons() -> None:
    verdict = _judge()
    assert (verdict.status, verdict.confidence, verdict.reasons) == (Status.OK, 1.0, ())


def test_nothing_segmented_is_no_callosum() -> None:
    verdict = judge_case(SimpleNamespace(plane=None), None, None, None, UNKNOWN)
    assert verdict.status is Status.NO_CALLOSUM
    assert verdict.reasons == ("nothing_segmented",)


@pytest.mark.parametrize(
    ("doubt", "reason"),
    [
        ({"flags": ("weak_symmetry",)}, "weak_symmetry"),
        ({"agreement": 0.1}, "box_axis_disagree"),
        ({"spread": Spread(28.0, 1.0)}, "neighbours_disagree"),
        ({"spread": Spread(None, None)}, "alone_among_neighbours"),
        ({"finding": Finding(Kind.PARTIAL, 0.9, ("splenium",))}, "partial_callosum"),
        ({"voxel_mm": 7.0}, "coarse_voxels"),
        ({"confidence": 0.2}, None),
    ],
)
def test_each_doubt_alone_can_take_the_ok(doubt: dict, reason: str | None) -> None:
    verdict = _judge(**doubt)
    assert verdict.status is Status.LOW_CONFIDENCE
    assert reason is None or reason in verdict.reasons


def test_a_callosum_without_a_rostrum_has_both_ends_of_its_line() -> None:
    assert _judge(finding=Finding(Kind.PARTIAL, 0.9, ("rostrum",))).status is Status.OK


def test_doubts_add_up() -> None:
    alone = _judge(flags=("rival_plane",))
    assert _judge(flags=("rival_plane",), agreement=0.4).confidence < alone.confidence


@pytest.mark.parametrize(("found", "left"), [(1.0, 0.45), (0.9, 0.45), (0.2, 0.2)])
def test_a_2d_slice_is_never_ok_for_its_tilt_and_turn_were_not_measured(
    found: float, left: float
) -> None:
    image = SimpleNamespace(voxel_mm=(1.0, 1.0))
    callosum = SimpleNamespace(quality=Quality(found, ("low_contrast",)), slice_image=image)
    seen = SimpleNamespace(plane=None, dof_estimated=1)
    verdict = judge_case(seen, callosum, SimpleNamespace(agreement=1.0), None, WHOLE)
    assert verdict.status is Status.LOW_CONFIDENCE
    assert verdict.confidence == left
    assert verdict.reasons == ("tilt_and_turn_assumed", "low_contrast")
