import numpy as np
import pytest
from highdicom import Volume

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.callosum.segmentation import find_callosa
from callosal.pipelines.case.neighbours import Spread, find_neighbours, pose_spread
from callosal.pipelines.geometry.fusion import fuse
from callosal.pipelines.geometry.reference_line import find_reference_line
from callosal.pipelines.midplane.sagittal_slice import NativePlane, cut_slice
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.settings import Settings


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)


@pytest.fixture(scope="module")
def head() -> Volume:
    return phantom_head(0).volume


def _spread(head: Volume, seen: Volume, segmenter: Segmenter) -> Spread:
    """Spread over the neighbours in `seen` of the pose on the middle slice of `head`."""
    settings = Settings()
    middle = NativePlane(np.zeros(3), np.array([1.0, 0.0, 0.0]))
    place = cut_slice(head, middle, segmenter.contract.spacing_mm)
    (callosum,) = find_callosa([place], segmenter)
    assert callosum is not None
    line = find_reference_line(settings.line, callosum.contour_mm, callosum.box)
    final = fuse(callosum.box, line, settings.fusion).roi
    neighbours = find_neighbours(seen, callosum, segmenter)
    return pose_spread(neighbours, callosum, final, settings)


def _cut_aside(head: Volume, off_mm: float) -> Volume:
    """The head, beyond `off_mm` from the middle, without what lies behind 6 mm anterior of it."""
    index = np.moveaxis(np.indices(head.spatial_shape), 0, -1)
    lps_mm = index @ head.affine[:3, :3].T + head.affine[:3, 3]
    gone = (np.abs(lps_mm[..., 0]) > off_mm) & (lps_mm[..., 1] > -6)
    return head.with_array(np.where(gone, 0, head.array).astype(head.array.dtype))


def test_the_pose_hardly_changes_beside_the_middle(head: Volume, segmenter: Segmenter) -> None:
    spread = _spread(head, head, segmenter)
    assert spread.angle_deg is not None
    assert spread.angle_deg < 4
    assert spread.center_mm is not None
    # A drawing, not a scan: 5.0 mm with the weights of the third training.
    assert spread.center_mm < 6


def test_a_neighbour_without_a_whole_callosum_has_no_say(
    head: Volume, segmenter: Segmenter
) -> None:
    spread = _spread(head, _cut_aside(head, 3.0), segmenter)
    assert spread.angle_deg is not None
    assert spread.angle_deg < 4


def test_no_whole_callosum_beside_the_middle_leaves_no_pose(
    head: Volume, segmenter: Segmenter
) -> None:
    spread = _spread(head, _cut_aside(head, 1.0), segmenter)
    assert spread == Spread(None, None)
