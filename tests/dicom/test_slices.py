import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callosal.models.errors import InputError
from callosal.pipelines.dicom.slices import (
    can_be_filled,
    cosine_slack_rad,
    find_duplicates,
    fit_line,
    missing_slices,
)

NORMAL = np.array([0.6, 0.0, 0.8])


def places(along_mm, sideways_mm=0.0):
    along_mm = np.asarray(along_mm, dtype=float)
    lean = np.linspace(0, sideways_mm, len(along_mm))
    return np.outer(along_mm, NORMAL) + np.outer(lean, [0.0, 1.0, 0.0])


def code(positions) -> str:
    with pytest.raises(InputError) as caught:
        fit_line(positions, NORMAL)
    return caught.value.code


@given(
    n_slices=st.integers(2, 300),
    spacing_mm=st.floats(0.1, 20),
    start_mm=st.floats(-300, 300),
    seed=st.integers(0, 99),
)
def test_even_slices_give_their_spacing_whatever_the_jitter(n_slices, spacing_mm, start_mm, seed):
    jitter = np.random.default_rng(seed).uniform(-1, 1, n_slices) * 0.002 * max(spacing_mm, 1)
    along = start_mm + np.arange(n_slices) * spacing_mm + jitter
    line = fit_line(places(np.sort(along)), NORMAL)
    assert line.missing == []
    assert line.spacing_mm == pytest.approx(spacing_mm, abs=0.01 * max(spacing_mm, 1))


@given(n_slices=st.integers(4, 60), spacing_mm=st.floats(0.3, 10), data=st.data())
def test_any_hole_is_found(n_slices, spacing_mm, data):
    lost = data.draw(st.sets(st.integers(1, n_slices - 2), min_size=1, max_size=n_slices // 4))
    along = [index * spacing_mm for index in range(n_slices) if index not in lost]
    gaps = np.diff(along)
    if np.ptp(gaps) > 1e-6:  # else what is left is an even stack of wider spacing
        line = fit_line(places(along), NORMAL)
        assert line.missing == sorted(lost)


def test_the_message_counts_the_holes():
    error = missing_slices(fit_line(places([0, 1, 3, 5]), NORMAL))
    assert error.code == "missing_slices"
    assert "2 of 6 slices are missing, the first after slice 2" in str(error)


@pytest.mark.parametrize(
    ("lost", "spacing_mm", "is_small"),
    [
        ([7], 1, True),
        ([7, 8], 1, True),
        ([7, 8], 2, True),  # 6 mm from neighbour to neighbour
        ([7, 8], 2.1, False),
        ([7], 3, True),
        ([7], 3.1, False),
        ([7, 8, 9], 1, False),
        ([7, 17, 27], 1, True),
        ([7, 12, 17, 22], 1, False),  # more than a tenth
    ],
)
def test_gaps_of_two_slices_and_six_millimetres_may_be_filled(lost, spacing_mm, is_small):
    along = [index * spacing_mm for index in range(36) if index not in lost]
    assert can_be_filled(fit_line(places(along), NORMAL)) is is_small


@pytest.mark.parametrize("spacing_mm", [0.9, 1.2, 3.0])
@pytest.mark.parametrize("step_mm", [0.1, 0.01])
def test_rounded_positions_lie_on_the_line_that_they_were_rounded_from(spacing_mm, step_mm):
    normal = np.array([0.96, 0.21, -0.185])
    normal /= np.linalg.norm(normal)
    exact = np.array([-80.03, -101.27, 93.31]) + np.outer(np.arange(120) * spacing_mm, normal)
    line = fit_line(np.round(exact / step_mm) * step_mm, normal)
    assert line.missing == []
    fitted = line.origin_lps_mm + np.outer(line.places, line.step_lps_mm)
    np.testing.assert_allclose(fitted, exact, atol=0.3 * step_mm)


def test_a_moved_slice_is_no_rounding():
    normal = np.array([0.96, 0.21, -0.185])
    normal /= np.linalg.norm(normal)
    positions = np.round(np.outer(np.arange(60) * 1.2, normal), 1)
    positions[20] = np.round(positions[20] + 0.5 * normal, 1)
    with pytest.raises(InputError) as caught:
        fit_line(positions, normal)
    assert caught.value.code == "uneven_spacing"


def test_directions_of_three_decimals_let_a_stack_lean_as_much():
    leaning = places(np.arange(150), sideways_mm=0.2)
    assert code(leaning) == "sheared_stack"
    slack_rad = cosine_slack_rad(np.array([0.998, -0.063, 0.001]))
    line = fit_line(leaning, NORMAL, slack_rad)
    np.testing.assert_allclose(line.step_lps_mm * 149, leaning[-1] - leaning[0], atol=1e-9)
    assert cosine_slack_rad(np.array([0.0, 1.0, 0.0])) == 0
    assert cosine_slack_rad(np.array([0.99803, -0.06271, 0.0])) == 0


@pytest.mark.parametrize("along", [[0, 1, 2.3, 3.3], [0, 1, 2, 3.03]])
def test_uneven_slices(along):
    assert code(places(along)) == "uneven_spacing"


def test_a_leaning_stack():
    line = fit_line(places(range(20), sideways_mm=0.09), NORMAL)
    assert line.spacing_mm == pytest.approx(1)
    assert code(places(range(20), sideways_mm=0.2)) == "sheared_stack"


def test_duplicates_chain_only_within_the_tolerance():
    assert find_duplicates(np.array([0, 0.005, 1, 1.02])) == [[0, 1], [2], [3]]
    assert find_duplicates(np.array([5.0])) == [[0]]
