"""Plans of the first version read as those of today."""

import copy
from dataclasses import replace

import pytest

from callosal.pipelines.planning.findings import Status, Verdict
from callosal.pipelines.planning.plan_validation import validate_plan
from callosal.pipelines.planning.plan_versions import current_plan
from tests.planning.test_plan_document import FINDINGS, document


def first_version(dof: int) -> dict:
    """What the first version wrote: `ok` whatever was measured, and no word of it."""
    plan = copy.deepcopy(document(Verdict(Status.OK, 0.9), replace(FINDINGS, dof_estimated=3)))
    for stack in plan["planes"].values():
        del stack["assumed"]
    return plan | {"schema": "callosal/plan/1", "dof_estimated": dof}


def test_a_volumes_plan_stays_what_it_was() -> None:
    plan = current_plan(first_version(3))
    validate_plan(plan)
    assert plan == document(Verdict(Status.OK, 0.9))


def test_an_ok_on_slices_alone_is_taken_back() -> None:
    old = first_version(1)
    before = copy.deepcopy(old)
    plan = current_plan(old)
    validate_plan(plan)
    assert old == before
    assert (plan["status"], plan["confidence"]) == ("low_confidence", 0.45)
    assert plan["reasons"] == ["tilt_and_turn_assumed"]
    assert plan["planes"]["sagittal"]["assumed"] == ["tilt", "turn"]


@pytest.mark.parametrize("planes", [None, [], {"transverse": None}])
def test_a_plan_without_stacks_or_of_another_form_is_no_error(planes: object) -> None:
    found = current_plan({"schema": "callosal/plan/1", "planes": planes, "dof_estimated": 3})
    assert found["schema"] == "callosal/plan/2"
    assert found["planes"] == planes


def test_todays_plan_is_left_alone() -> None:
    assert current_plan(document()) == document()
