from pathlib import Path

import pytest
import torch

from callosal.models.errors import InputError
from callosal.models.generation.autoencoder import PairAutoencoder
from callosal.models.generation.codec import LatentCodec, load_gated_autoencoder


def _checkpoint(path: Path, dice: float, psnr_db: float) -> PairAutoencoder:
    net = PairAutoencoder(image_width=16, mask_width=8)
    content = {
        "state_dict": {f"net.{name}": weight for name, weight in net.state_dict().items()},
        "hyper_parameters": {
            "autoencoder": net.init_args,
            "gate": {"dice": dice, "psnr_db": psnr_db},
        },
    }
    torch.save(content, path)
    return net


def test_scaled_latents_have_mean_0_and_deviation_1() -> None:
    torch.manual_seed(0)
    codec = LatentCodec(PairAutoencoder(image_width=16, mask_width=8))
    pairs = [3 + torch.randn(size, 2, 32, 32) for size in (4, 4, 2)]
    codec.measure((pair, torch.ones(len(pair))) for pair in pairs)
    latent = codec.encode(torch.cat(pairs))
    torch.testing.assert_close(latent.mean((0, 2, 3)), torch.zeros(6), atol=1e-4, rtol=0)
    torch.testing.assert_close(latent.std((0, 2, 3)), torch.ones(6), atol=1e-3, rtol=0)
    expected = codec.autoencoder(pairs[0])
    torch.testing.assert_close(codec.decode(codec.encode(pairs[0])), expected, atol=1e-4, rtol=0)


def test_masks_are_measured_where_there_is_a_label() -> None:
    torch.manual_seed(0)
    codec = LatentCodec(PairAutoencoder(image_width=16, mask_width=8))
    pair = torch.randn(4, 2, 32, 32)
    codec.measure([(pair, torch.tensor([1.0, 0.0, 1.0, 0.0]))])
    latent = codec.encode(pair)
    torch.testing.assert_close(latent[:, :4].mean((0, 2, 3)), torch.zeros(4), atol=1e-4, rtol=0)
    known = latent[::2, 4:].mean((0, 2, 3))
    torch.testing.assert_close(known, torch.zeros(2), atol=1e-4, rtol=0)
    assert latent[:, 4:].mean((0, 2, 3)).abs().max() > 1e-3


def test_a_good_autoencoder_is_loaded_with_its_weights(tmp_path: Path) -> None:
    net = _checkpoint(tmp_path / "good.ckpt", dice=0.98, psnr_db=31)
    loaded = load_gated_autoencoder(tmp_path / "good.ckpt")
    pair = torch.randn(1, 2, 16, 16)
    torch.testing.assert_close(loaded(pair), net(pair), atol=0, rtol=0)


@pytest.mark.parametrize(("dice", "psnr_db"), [(0.969, 40), (0.99, 29.9)])
def test_a_poor_autoencoder_is_refused(tmp_path: Path, dice: float, psnr_db: float) -> None:
    _checkpoint(tmp_path / "poor.ckpt", dice, psnr_db)
    with pytest.raises(InputError, match="train it longer") as told:
        load_gated_autoencoder(tmp_path / "poor.ckpt")
    assert told.value.code == "gate_missed"


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such checkpoint"):
        load_gated_autoencoder(tmp_path / "missing.ckpt")
    torch.save({"state_dict": {}}, tmp_path / "other.ckpt")
    with pytest.raises(InputError, match="not a checkpoint of an autoencoder"):
        load_gated_autoencoder(tmp_path / "other.ckpt")
