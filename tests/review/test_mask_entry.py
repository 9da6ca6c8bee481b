import numpy as np
import pytest

from callosal.models.errors import InputError
from callosal.pipelines.review.mask_entry import mask_entry, mask_of_entry


@pytest.mark.parametrize("seed", range(4))
def test_a_mask_survives_its_runs(seed):
    mask = (np.random.default_rng(seed).random((17, 23)) < 0.3 * seed).astype(np.uint8)
    np.testing.assert_array_equal(mask_of_entry(mask_entry(mask), mask.shape), mask)


@pytest.mark.parametrize("value", [0, 1])
def test_a_mask_of_one_value_survives(value):
    mask = np.full((3, 4), value, np.uint8)
    np.testing.assert_array_equal(mask_of_entry(mask_entry(mask), (3, 4)), mask)


@pytest.mark.parametrize(
    "entry",
    [
        None, [], {}, {"shape": [3, 4], "runs": []}, {"shape": [3, 4], "runs": [11]},
        {"shape": [4, 3], "runs": [12]}, {"shape": [3, 4], "runs": [-1, 13]},
        {"shape": [3, 4], "runs": [6.0, 6.0]}, {"shape": [3, 4], "runs": "12"},
        {"shape": [3, 4], "runs": [[12]]}, {"shape": [3, 4], "runs": [1 << 70]},
        {"shape": None, "runs": [12]}, {"shape": [3, 4], "runs": [0] * 20 + [12]},
    ],
)  # fmt: skip
def test_what_is_no_mask_of_the_slice_is_refused(entry):
    with pytest.raises(InputError) as error:
        mask_of_entry(entry, (3, 4))
    assert error.value.code == "bad_mask"
