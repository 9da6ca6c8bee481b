from pathlib import Path

import nibabel
import numpy as np
import pytest

from callosal.models.errors import InputError
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.reading.byte_order import is_swapped
from callosal.pipelines.reading.nifti import read_nifti

HEAD = phantom_head(1, (36, 40, 40), (4.8, 5.6, 5.6)).volume
TOPS = (255, 600, 4095, 30000)


def scaled(top: int, dtype: str) -> np.ndarray:
    return (HEAD.array * (top / HEAD.array.max())).astype(dtype)


def test_a_head_in_the_other_byte_order_is_refused(tmp_path: Path):
    image = nibabel.Nifti1Image(scaled(600, "<i2"), np.diag([4.8, 5.6, 5.6, 1]))
    content = image.to_bytes()
    (tmp_path / "x.nii").write_bytes(content)
    assert read_nifti(tmp_path / "x.nii").spatial_shape == (36, 40, 40)
    swapped = np.frombuffer(content[352:], "<i2").byteswap().tobytes()
    (tmp_path / "y.nii").write_bytes(content[:352] + swapped)
    with pytest.raises(InputError, match="byte order") as refused:
        read_nifti(tmp_path / "y.nii")
    assert refused.value.code == "bad_nifti"


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<u2", "<i4", "<u4"])
@pytest.mark.parametrize("top", TOPS)
def test_heads_in_their_own_order_are_left_alone(dtype: str, top: int):
    voxels = scaled(top, dtype)
    assert not is_swapped(voxels)
    if top in TOPS[1:3]:
        assert is_swapped(voxels.byteswap())


def test_numbers_of_structures_are_left_alone():
    labels = np.array([0, 2, 41, 3, 42, 1025, 2025, 251], np.int32)
    is_right = np.arange(HEAD.array.shape[0])[:, None, None] < HEAD.array.shape[0] // 2
    steps = (4 * HEAD.array / HEAD.array.max()).astype(int).clip(0, 3)
    assert not is_swapped(labels[2 * steps + is_right])


@pytest.mark.parametrize("top", [2, 256, 1000, 65535])
def test_what_is_no_head_is_left_alone(top: int):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, top, (40, 40, 40), dtype=np.uint16)
    bright = noise // 256 * 256
    for voxels in (noise, bright, noise * 0, noise * (rng.random(noise.shape) < 0.001)):
        assert not is_swapped(voxels.astype(np.uint16))
