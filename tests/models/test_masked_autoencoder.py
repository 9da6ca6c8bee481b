from pathlib import Path

import pytest
import torch

from callosal.models.errors import DataError, InputError
from callosal.models.masked_autoencoder import MaskedAutoencoderModule
from callosal.models.segmentation_module import SegmentationModule
from callosal.models.vit import ViTSegmenter
from callosal.pipelines.phantom import phantom_slice
from callosal.pipelines.training.callbacks.pretrained_encoder import copy_encoder


def _net(width: int = 16) -> ViTSegmenter:
    torch.manual_seed(0)
    return ViTSegmenter(width, depth=1, heads=2, stem_widths=(4, 8, 12))


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    slices = [phantom_slice(seed, (140, 160), 1.5)[0] for seed in range(4)]
    return torch.stack([torch.from_numpy(one)[None] for one in slices])


def _hide(drawn: int) -> torch.Generator:
    return torch.Generator().manual_seed(drawn)


def test_it_learns_to_fill_in(images: torch.Tensor) -> None:
    module = MaskedAutoencoderModule(_net(), patch=32)
    optimizer = torch.optim.AdamW(module.parameters(), lr=3e-3)
    losses = []
    for step in range(40):
        loss = module._loss(images, _hide(step))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])


def test_what_is_hidden_is_not_seen(images: torch.Tensor) -> None:
    module = MaskedAutoencoderModule(_net(), patch=32).eval()
    whole = module.normalise(images)[:, :, :128, :160]
    hidden = torch.zeros(4, 1, 4, 5)
    hidden[:, :, 1, 2] = 1
    other = whole.clone()
    other[:, :, 32:64, 64:96] += 3
    with torch.no_grad():
        assert torch.equal(module(whole, hidden), module(other, hidden))
        hidden[:] = 0
        assert not torch.equal(module(whole, hidden), module(other, hidden))


def test_only_hidden_patches_count(images: torch.Tensor) -> None:
    module = MaskedAutoencoderModule(_net(), patch=32).eval()
    first, again, other = (module._loss(images, _hide(n)).item() for n in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(("option", "value"), [("patch", 24), ("hidden", 0.0), ("hidden", 1.0)])
def test_settings_that_cannot_work_are_refused(option: str, value: float) -> None:
    with pytest.raises(ValueError, match=option):
        MaskedAutoencoderModule(_net(), **{option: value})


def _checkpoint(folder: Path, net: ViTSegmenter) -> Path:
    path = folder / "mae.ckpt"
    torch.save({"state_dict": MaskedAutoencoderModule(net, patch=32).state_dict()}, path)
    return path


def test_the_encoder_is_taken_over_and_the_decoder_is_not(tmp_path: Path) -> None:
    pretrained = _net()
    for value in pretrained.state_dict().values():
        value.fill_(0.25)
    module = SegmentationModule(_net())
    before = {name: value.clone() for name, value in module.state_dict().items()}
    copied = copy_encoder(_checkpoint(tmp_path, pretrained), module)
    changed = {n for n, value in module.state_dict().items() if not torch.equal(value, before[n])}
    assert len(changed) > 40
    assert copied == sum(name.startswith(("net.stem.", "net.blocks.")) for name in before)
    assert all(name.startswith(("net.stem.", "net.blocks.")) for name in changed)


def test_an_encoder_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"mae\.ckpt") as caught:
        copy_encoder(_checkpoint(tmp_path, _net(32)), SegmentationModule(_net(16)))
    assert caught.value.code == "other_encoder"


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mae.ckpt"
    path.write_text("text")
    with pytest.raises(InputError, match=r"mae\.ckpt"):
        copy_encoder(path, SegmentationModule(_net()))
