import numpy as np
import pytest
from highdicom import Volume

from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case.stray_voxels import REASON, doubted_on_strays


def beside(callosum: Callosum, head: Volume) -> tuple[int, int, int]:
    """The voxel at the first point of the outline."""
    lps_mm = callosum.slice_image.mm_to_lps(callosum.contour_mm[:1])[0]
    i, j, k = np.round((np.linalg.inv(head.affine) @ [*lps_mm, 1])[:3]).astype(int).tolist()
    return i, j, k


@pytest.mark.parametrize("value", [32767, -32768])
def test_a_stray_voxel_at_the_callosum_costs_the_ok(
    head: Volume, callosum: Callosum, value: int
) -> None:
    scaled = head.array * (4000 / head.array.max())
    scaled[beside(callosum, head)] = value
    quality = doubted_on_strays(callosum, head.with_array(scaled.astype(np.int16))).quality
    assert REASON in quality.reasons
    assert quality.confidence < 0.5


def test_stray_voxels_elsewhere_and_bright_tissue_cost_nothing(
    head: Volume, callosum: Callosum
) -> None:
    voxels = head.array.copy()
    voxels[3, 4, 5] = 100 * voxels.max()
    i, j, k = beside(callosum, head)
    voxels[i - 2 : i + 3, j - 2 : j + 3, k - 2 : k + 3] = 10 * voxels.max()
    for volume in (head, head.with_array(voxels)):
        assert doubted_on_strays(callosum, volume) is callosum
