import numpy as np
import pytest

from callosal.models.errors import InputError
from callosal.pipelines.synthesis.wanted_ranges import (
    WantedRange,
    as_network_input,
    drawn_values,
    parse_wanted,
)
from tests.synthesis.phantom_generator import CONDITIONS


def test_values_and_ranges_are_read():
    found = parse_wanted(["area_mm2=450", "tilt_deg=-5:2.5"], CONDITIONS)
    assert found == (WantedRange("area_mm2", 450, 450), WantedRange("tilt_deg", -5, 2.5))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["area=450"], "did you mean area_mm2"),
        (["zebra=1"], "length_mm 58 to 82"),
        (["area_mm2=4500"], "300 to 1200"),
        (["area_mm2=100:500"], "300 to 1200"),
        (["area_mm2=600:500"], "LOW:HIGH"),
        (["area_mm2"], "LOW:HIGH"),
        (["area_mm2=big"], "LOW:HIGH"),
        (["area_mm2=nan"], "LOW:HIGH"),
        (["area_mm2=400:500:600"], "LOW:HIGH"),
        (["area_mm2=450", "area_mm2=500"], "twice"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(words, expected):
    with pytest.raises(InputError, match=expected) as error:
        parse_wanted(words, CONDITIONS)
    assert error.value.code == "wrong_usage"


def test_draws_follow_from_seed_and_sample_alone():
    wanted = parse_wanted(["area_mm2=450:600", "length_mm=70"], CONDITIONS)
    values = [drawn_values(wanted, CONDITIONS, (), 3, sample) for sample in range(200)]
    areas = np.array([value["area_mm2"] for value in values])
    assert areas.min() >= 450
    assert areas.max() <= 600
    assert np.ptp(areas) > 100
    assert {value["length_mm"] for value in values} == {70}
    assert drawn_values(wanted, CONDITIONS, (), 3, 37) == values[37]
    # What else is asked for does not move a draw.
    assert drawn_values(wanted[:1], CONDITIONS, (), 3, 37)["area_mm2"] == values[37]["area_mm2"]


def test_a_small_callosum_is_asked_to_be_a_short_one():
    correlation = np.eye(len(CONDITIONS))
    correlation[0, 1] = correlation[1, 0] = 0.8
    wanted = parse_wanted(["area_mm2=420"], CONDITIONS)
    values = [drawn_values(wanted, CONDITIONS, correlation, 3, sample) for sample in range(300)]
    lengths = np.array([value["length_mm"] for value in values])
    assert {value["area_mm2"] for value in values} == {420}
    # Two deviations less of area are 1.6 less of length, 8 mm of 70.
    assert np.median(lengths) == pytest.approx(62, abs=0.8)


def test_what_is_not_asked_for_is_drawn_as_the_data_have_it():
    values = [drawn_values((), CONDITIONS, (), 3, sample) for sample in range(400)]
    for known in CONDITIONS:
        drawn = np.array([value[known.name] for value in values])
        assert drawn.mean() == pytest.approx(known.mean, abs=0.2 * known.std)
        assert drawn.std() == pytest.approx(known.std, rel=0.15)
        assert drawn.min() >= known.low - 1e-3
        assert drawn.max() <= known.high + 1e-3


def test_the_network_sees_deviations_and_what_is_given():
    condition, given = as_network_input([{"tilt_deg": 4.0}, {}], CONDITIONS)
    np.testing.assert_allclose(condition, [[0, 0, 1, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(given, [[0, 0, 1, 0], [0, 0, 0, 0]])
