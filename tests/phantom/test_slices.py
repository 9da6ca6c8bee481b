import time

import numpy as np
import pytest
from scipy import ndimage

from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.phantom import phantom_slice
from callosal.pipelines.phantom.reference_pose import measured_box_and_line


def test_equal_seeds_give_equal_pixels_and_others_do_not():
    first, again, other = phantom_slice(3), phantom_slice(3), phantom_slice(4)
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


@pytest.mark.parametrize("seed", range(12))
def test_callosum_is_one_bright_component_inside_the_image(seed):
    pixels, mask = phantom_slice(seed)
    assert pixels.dtype == np.float32
    assert mask.dtype == np.uint8
    assert pixels.min() >= 0
    _, count = ndimage.label(mask, structure=np.ones((3, 3)))
    assert count == 1
    assert not np.concatenate([mask[[0, -1]].ravel(), mask[:, [0, -1]].ravel()]).any()
    inside = ndimage.binary_erosion(mask)
    ring = ndimage.binary_dilation(mask, iterations=4) & ~ndimage.binary_dilation(mask)
    assert pixels[inside].mean() > 1.2 * pixels[ring].mean()


def test_area_holds_at_other_pixel_sizes():
    areas = [phantom_slice(5, (round(256 / mm),) * 2, mm)[1].sum() * mm**2 for mm in (0.5, 1, 1.5)]
    # The field of view is the same, so pose and shape are, up to the pixel grid.
    assert max(areas) / min(areas) < 1.08


def test_poses_vary_over_seeds():
    angles, centers = [], []
    for seed in range(40):
        _, mask = phantom_slice(seed)
        frame = SliceImage(
            mask.astype(np.float32), (1.0, 1.0), np.zeros(3), np.array([0.0, 1, 0]),
            np.array([0.0, 0, -1]),
        )  # fmt: skip
        box, _ = measured_box_and_line(mask, frame)
        angles.append(box.angle_deg)
        centers.append(box.center_mm)
    assert 5 < np.std(angles) < 20
    assert np.abs(angles).max() < 45
    assert np.std(centers, axis=0).min() > 3


def test_a_slice_is_quick():
    phantom_slice(0)
    start = time.process_time()
    for seed in range(10):
        phantom_slice(seed)
    assert (time.process_time() - start) / 10 < 0.06, "13 ms where it was written"
