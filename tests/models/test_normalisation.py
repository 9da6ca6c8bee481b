import pytest
import torch

from callosal.models.normalisation import ForegroundNormalisation


@pytest.fixture
def image() -> torch.Tensor:
    torch.manual_seed(0)
    head = torch.zeros(1, 1, 80, 80)
    head[..., 20:60, 20:60] = 300 + 60 * torch.randn(40, 40)
    return head


@pytest.mark.parametrize(("scale", "offset"), [(0.001, 0.0), (1000.0, 0.0), (1.0, 500.0)])
def test_scale_and_offset_of_the_scanner_do_not_matter(
    image: torch.Tensor, scale: float, offset: float
) -> None:
    normalise = ForegroundNormalisation()
    assert torch.allclose(normalise(image * scale + offset), normalise(image), atol=2e-3)


def test_tissue_is_centred_and_limited(image: torch.Tensor) -> None:
    image[0, 0, 30, 30] = 1e6
    out = ForegroundNormalisation()(image)
    assert out.min() >= -4
    assert out.max() <= 4


def test_each_image_of_a_batch_is_normalised_alone(image: torch.Tensor) -> None:
    normalise = ForegroundNormalisation()
    both = normalise(torch.cat([image, 7 * image]))
    assert torch.allclose(both[0], both[1], atol=1e-4)


@pytest.mark.parametrize("value", [0.0, 1.0, -5.0, 3e4])
def test_a_flat_image_stays_finite(value: float) -> None:
    assert torch.isfinite(ForegroundNormalisation()(torch.full((1, 1, 64, 64), value))).all()
