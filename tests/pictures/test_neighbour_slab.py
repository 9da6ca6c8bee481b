"""The slices beside the midsagittal one, written as a slab and read back."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from callosal.models.errors import InputError
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.sagittal_slice import NEIGHBOURS_MM
from callosal.pipelines.outputs.file_names import NEIGHBOUR_MASKS, NEIGHBOURS
from callosal.pipelines.pictures.neighbour_slab import read_slab, slab_files
from callosal.pipelines.pictures.review_views import quantised

COL_DIR, ROW_DIR = np.array([0.0, 0.0, -1.0]), np.array([-0.1, 0.995, 0.0]) / np.hypot(0.1, 0.995)


@pytest.fixture
def middle() -> SliceImage:
    """A slice whose gray levels tell where a pixel lies."""
    rows, columns = np.indices((100, 90))
    pixels = (300 + 4 * rows + 2 * columns).astype(np.float32)
    return SliceImage(pixels, (0.5, 0.5), np.array([3.0, 5.0, 8.0]), ROW_DIR, COL_DIR)


@pytest.fixture
def slices(middle: SliceImage) -> list[SliceImage]:
    """A window of the middle slice, moved to the sides; its pixels lie between those."""
    window = middle.pixels[20:60, 30:80]
    center = middle.pixels_to_lps((39.5 + 0.3, 54.5 - 0.2))
    places = [center + offset * middle.normal for offset in NEIGHBOURS_MM]
    return [replace(middle, pixels=window + i, center_lps_mm=at) for i, at in enumerate(places)]


def test_a_slab_is_read_back_in_its_place(
    middle: SliceImage, slices: list[SliceImage], tmp_path: Path
) -> None:
    masks = np.stack([one.pixels > 500 + 10 * i for i, one in enumerate(slices)]).astype(np.uint8)
    mask = (middle.pixels > 520).astype(np.uint8)
    for name, content in slab_files(middle, mask, slices, masks).items():
        (tmp_path / name).write_bytes(content)
    slab = read_slab(tmp_path)
    assert slab is not None
    np.testing.assert_array_equal(slab.masks, masks)
    low, high = middle.pixels.min(), middle.pixels.max()
    for one, wanted in zip(slab.slices, slices, strict=True):
        levels = (wanted.pixels - low) / (high - low) * 4095
        assert np.abs(one.pixels - levels).max() < 4095 / 255
        np.testing.assert_allclose(one.affine_lps, wanted.affine_lps, atol=1e-4)
    # A voxel of the middle layer lies where the midsagittal slice has that gray level and label.
    image: Any = nib.load(tmp_path / NEIGHBOURS)
    labels: Any = nib.load(tmp_path / NEIGHBOUR_MASKS)
    lps_mm = (image.affine @ [7, 11, 2, 1])[:3] * [-1, -1, 1]
    assert (lps_mm - middle.center_lps_mm) @ middle.normal == pytest.approx(0, abs=1e-3)
    row, column = middle.mm_to_pixels(middle.lps_to_mm(lps_mm))
    nearest = round(float(row)), round(float(column))
    assert abs(image.get_fdata()[7, 11, 2] - quantised(middle.pixels)[nearest]) < 4095 / 100
    assert labels.get_fdata()[7, 11, 2] == mask[nearest]
    assert 0 < labels.get_fdata()[..., 2].mean() < 1


def test_a_broken_slab_is_refused_and_an_absent_one_is_none(tmp_path: Path) -> None:
    assert read_slab(tmp_path) is None
    for name in (NEIGHBOURS, NEIGHBOUR_MASKS):
        (tmp_path / name).write_bytes(b"no image")
    with pytest.raises(InputError) as error:
        read_slab(tmp_path)
    assert error.value.code == "bad_neighbours"
