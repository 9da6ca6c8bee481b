import numpy as np
import pytest
from scipy import ndimage

from callosal.pipelines.synthesis.quality.diversity import mean_similarity, ms_ssim


def _image(seed: int, side: int = 192) -> np.ndarray:
    noise = np.random.default_rng(seed).random((side, side))
    smooth = ndimage.gaussian_filter(noise, 3)
    return ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


def test_an_image_is_like_itself_and_less_like_another() -> None:
    image = _image(0)
    assert ms_ssim(image, image) == pytest.approx(1)
    noisy = (image + 0.05 * np.random.default_rng(1).standard_normal(image.shape)).astype("f4")
    assert ms_ssim(image, _image(1)) < ms_ssim(image, noisy) < 1


def test_ms_ssim_agrees_with_torchmetrics() -> None:
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.image")
    first, second = _image(2), (0.7 * _image(2) + 0.3 * _image(3)).astype("f4")
    expected = functional.multiscale_structural_similarity_index_measure(
        torch.from_numpy(first)[None, None], torch.from_numpy(second)[None, None], data_range=1.0
    )
    assert ms_ssim(first, second) == pytest.approx(float(expected), abs=0.01)


def test_small_images_use_fewer_scales() -> None:
    small = _image(4, 56)
    assert ms_ssim(small, small) == pytest.approx(1)
    assert 0 <= ms_ssim(small, _image(5, 56)) < 0.9


def test_a_collapsed_set_is_more_alike_than_a_varied_one() -> None:
    varied = np.stack([_image(seed, 56) for seed in range(6)])
    collapsed = np.stack([_image(0, 56)] * 6)
    assert mean_similarity(collapsed, 20) == pytest.approx(1)
    assert mean_similarity(varied, 20) < 0.9
