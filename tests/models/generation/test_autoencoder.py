import pytest
import torch

from callosal.models.generation.autoencoder import PairAutoencoder


@pytest.fixture
def net() -> PairAutoencoder:
    torch.manual_seed(0)
    net = PairAutoencoder(image_width=16, mask_width=8).eval()
    for weight in net.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    return net


def test_a_crop_is_coded_as_within_the_whole(net: PairAutoencoder) -> None:
    pair = torch.randn(1, 2, 192, 192, generator=torch.Generator().manual_seed(0))
    whole = net(pair)[:, :, 88:104, 88:104]
    crop = net(pair[:, :, 16:176, 16:176])[:, :, 72:88, 72:88]
    torch.testing.assert_close(crop, whole, atol=1e-5, rtol=1e-4)


def test_image_and_mask_have_latents_of_their_own(net: PairAutoencoder) -> None:
    pair = torch.randn(1, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    other = pair.clone()
    other[:, 1] = -1
    before, after = net.encode(pair)[0], net.encode(other)[0]
    torch.testing.assert_close(before[:, :4], after[:, :4], atol=0, rtol=0)
    assert (before[:, 4:] - after[:, 4:]).abs().max() > 1e-3
    torch.testing.assert_close(net(pair)[:, 0], net(other)[:, 0])


def test_the_mask_channel_stays_a_squashed_distance(net: PairAutoencoder) -> None:
    latent = 50 * torch.randn(1, 6, 8, 8, generator=torch.Generator().manual_seed(0))
    assert net.decode(latent)[:, 1].abs().max() <= 1
