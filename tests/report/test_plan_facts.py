import pytest

from callosal.pipelines.report.plan_facts import plan_facts


def stack(orientation: object, n_slices: object) -> dict[str, object]:
    return {"orientation": orientation, "n_slices": n_slices}


def test_slices_of_a_localizer_are_added_up_by_orientation() -> None:
    stacks = [stack("sagittal", 5), stack("axial", 3), stack("sagittal", 2)]
    assert plan_facts({"source": {"stacks": stacks}}).rests_on == "7 sagittal, 3 axial slices"


@pytest.mark.parametrize(
    ("uncertainty", "code"),
    [
        ({"angle95_deg": None, "reasons": {"angle95_deg": "plan_in_doubt"}}, "plan_in_doubt"),
        ({"angle95_deg": 1.0, "reasons": {"plane95_deg": "tilt_and_turn_assumed"}}, ""),
        ({"reasons": ["plan_in_doubt"]}, ""),
        (None, ""),
    ],
)
def test_a_plan_without_error_bars_says_why(uncertainty: object, code: str) -> None:
    assert plan_facts({"uncertainty": uncertainty}).no_bars == code


@pytest.mark.parametrize(
    "source",
    [
        None,
        {},
        {"stacks": 3},
        {"stacks": ["sagittal", None]},
        {"stacks": [stack("<script>", 5), stack(["sagittal"], 2), stack("axial", "many")]},
    ],
)
def test_what_is_no_list_of_stacks_says_nothing(source: object) -> None:
    assert plan_facts({"source": source}).rests_on == ""
