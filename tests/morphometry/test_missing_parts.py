import numpy as np
import pytest

from callosal.pipelines.morphometry.measures import PART_NAMES, Morphometry
from callosal.pipelines.morphometry.missing_parts import NEEDS, without_parts

KEPT = ("area_mm2", "perimeter_mm", "midline_length_mm", "thickness_mean_mm", "genu_width_mm")
NAMES = (*KEPT, *{name for names in NEEDS.values() for name in names})


def whole() -> Morphometry:
    values = dict.fromkeys(NAMES, 1.0) | {"cc_index": None}
    return Morphometry(values, {"cc_index": "diameter_inside"}, np.zeros((3, 2)), None, ())


def test_what_needs_the_splenium_is_left_out_with_its_reason() -> None:
    found = without_parts(whole(), ("splenium", "posterior_half"))
    for name in ("splenium_width_mm", "isthmus_width_mm", "height_mm", *PART_NAMES):
        assert found.values[name] is None
        assert found.reasons[name] == "splenium_missing"
    assert all(found.values[name] == 1.0 for name in KEPT)
    # What was missing before keeps the reason that it had.
    assert found.reasons["cc_index"] == "diameter_inside"


def test_without_a_rostrum_alone_only_its_own_parts_are_left_out() -> None:
    found = without_parts(whole(), ("rostrum",))
    assert found.values["witelson_1_mm2"] is None
    assert found.values["witelson_midline_4_mm2"] is None
    assert found.values["witelson_4_mm2"] == found.values["splenium_width_mm"] == 1.0
    assert found.reasons["witelson_1_mm2"] == "rostrum_missing"


@pytest.mark.parametrize("missing", [(), ("genu",)])
def test_every_missing_measure_has_a_reason_and_no_other(missing: tuple[str, ...]) -> None:
    found = without_parts(whole(), missing)
    assert {name for name, value in found.values.items() if value is None} == set(found.reasons)
