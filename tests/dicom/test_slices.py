import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callosal.models.errors import InputError
from callosal.pipelines.dicom.slices import find_duplicates, measure_spacing

NORMAL = np.array([0.6, 0.0, 0.8])


def places(along_mm, sideways_mm=0.0):
    along_mm = np.asarray(along_mm, dtype=float)
    lean = np.linspace(0, sideways_mm, len(along_mm))
    return np.outer(along_mm, NORMAL) + np.outer(lean, [0.0, 1.0, 0.0])


def code(positions) -> str:
    with pytest.raises(InputError) as caught:
        measure_spacing(positions, NORMAL)
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
    measured = measure_spacing(places(np.sort(along)), NORMAL)
    assert measured == pytest.approx(spacing_mm, abs=0.01 * max(spacing_mm, 1))


@given(n_slices=st.integers(4, 60), spacing_mm=st.floats(0.3, 10), data=st.data())
def test_any_hole_is_found(n_slices, spacing_mm, data):
    lost = data.draw(st.sets(st.integers(1, n_slices - 2), min_size=1, max_size=n_slices // 4))
    along = [index * spacing_mm for index in range(n_slices) if index not in lost]
    gaps = np.diff(along)
    if np.ptp(gaps) > 1e-6:  # else what is left is an even stack of wider spacing
        assert code(places(along)) == "missing_slices"


def test_the_message_counts_the_holes():
    with pytest.raises(InputError, match="2 of 6 slices are missing, the first after slice 2"):
        measure_spacing(places([0, 1, 3, 5]), NORMAL)


@pytest.mark.parametrize("along", [[0, 1, 2.3, 3.3], [0, 1, 2, 3.03]])
def test_uneven_slices(along):
    assert code(places(along)) == "uneven_spacing"


def test_a_leaning_stack():
    assert measure_spacing(places(range(20), sideways_mm=0.09), NORMAL) == pytest.approx(1)
    assert code(places(range(20), sideways_mm=0.2)) == "sheared_stack"


def test_duplicates_chain_only_within_the_tolerance():
    assert find_duplicates(np.array([0, 0.005, 1, 1.02])) == [[0, 1], [2], [3]]
    assert find_duplicates(np.array([5.0])) == [[0]]
