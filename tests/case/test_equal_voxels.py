import numpy as np
import pytest
from highdicom import Volume

from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case.equal_voxels import REASON, doubted_on_classes, equal_share


def test_a_map_of_classes_costs_the_ok(head: Volume, callosum: Callosum) -> None:
    levels = np.quantile(head.array[head.array > head.array.max() / 10], (0.1, 0.4, 0.8))
    classes = head.with_array(np.digitize(head.array, levels).astype(np.uint8))
    quality = doubted_on_classes(callosum, classes).quality
    assert REASON in quality.reasons
    assert quality.confidence < 0.5


def test_intensities_cost_nothing(head: Volume, callosum: Callosum) -> None:
    eight_bits = np.round(head.array * (255 / head.array.max())).astype(np.uint8)
    for volume in (head, head.with_array(eight_bits)):
        assert doubted_on_classes(callosum, volume) is callosum


def test_share_of_equal_neighbours() -> None:
    assert equal_share(np.zeros((3, 3, 3))) == 0
    assert equal_share(np.zeros((0, 3, 3))) == 0
    rows = np.array([1, 5, 5, 5, 7, 8]).reshape(6, 1, 1)  # the darkest counts as air
    assert equal_share(rows) == pytest.approx(2 / 4)
