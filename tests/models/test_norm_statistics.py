import torch
from torch import nn

from callosal.models.attention_unet import AttentionUNet
from callosal.models.norm_statistics import renew_statistics


def _trained() -> AttentionUNet:
    """A network whose norms neither scale by one nor know what enters them."""
    torch.manual_seed(1)
    net = AttentionUNet(widths=(8, 16))
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias)
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return net.eval()


def test_the_answer_stays_and_training_gives_nearly_the_same() -> None:
    net = _trained()
    batches = [torch.randn(4, 1, 64, 96) for _ in range(3)]
    with torch.no_grad():
        before = net(batches[0])
        renew_statistics(net, batches)
        after = net(batches[0])
        in_training = net.train()(batches[0])
    torch.testing.assert_close(after, before, atol=1e-4, rtol=1e-4)
    assert (in_training - before).abs().mean() < 0.1 * before.std()


def test_the_statistics_are_those_of_all_batches() -> None:
    norm = nn.BatchNorm2d(2)
    batches = [torch.full((1, 2, 1, 1), 3.0), torch.full((3, 2, 1, 1), 7.0)]
    renew_statistics(nn.Sequential(norm), batches)
    torch.testing.assert_close(norm.running_mean, torch.tensor([6.0, 6.0]))
    torch.testing.assert_close(norm.running_var, torch.tensor([3.0, 3.0]))


def test_what_is_not_asked_stays_as_it_is() -> None:
    class WithSpare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.spare = nn.BatchNorm2d(1), nn.BatchNorm2d(1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.used(x)

    net = WithSpare()
    renew_statistics(net, [torch.full((1, 1, 2, 2), 5.0)])
    assert net.used.running_mean.item() == 5
    assert net.spare.running_mean.item() == 0
