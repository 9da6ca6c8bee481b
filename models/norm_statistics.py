"""New statistics for the batch norms of a network, without a change of its answers."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def renew_statistics(network: nn.Module, batches: Sequence[Tensor]) -> None:
    """Measure what enters each batch norm, and keep what leaves it.

    A network in evaluation answers as before: scale and shift make up for the new mean and
    variance. In training, which normalises by each batch, it now answers nearly the same. That is
    what a network needs whose norms were folded into its convolutions.

    Args:
        network: Any network; it is in evaluation mode afterwards.
        batches: What it sees, each as it takes it.
    """
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    seen = {norm: _Moments(norm) for norm in norms}
    network.eval()
    handles = [norm.register_forward_hook(seen[norm].add) for norm in norms]
    try:
        with torch.inference_mode():
            for batch in batches:
                network(batch)
    finally:
        for handle in handles:
            handle.remove()
    for norm, moments in seen.items():
        # A head for training only is not run here and stays unchanged.
        if moments.count:
            _renew(norm, moments.mean(), moments.variance())


class _Moments:
    """Sums over the values of each channel."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        self.count = 0
        self._sum = torch.zeros(norm.num_features, dtype=torch.float64)
        self._squares = self._sum.clone()

    def add(self, norm: nn.Module, entered: tuple[Tensor], left: Tensor) -> None:
        """Take in values (B, C, H, W), as a forward hook."""
        values = entered[0].double()
        self.count += values[:, 0].numel()
        self._sum += values.sum((0, 2, 3)).cpu()
        self._squares += values.square().sum((0, 2, 3)).cpu()

    def mean(self) -> Tensor:
        """Mean of each channel, (C,)."""
        return self._sum / self.count

    def variance(self) -> Tensor:
        """Variance of each channel, (C,)."""
        return (self._squares / self.count - self.mean().square()).clamp(min=0)


@torch.no_grad()
def _renew(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    old_mean, old_variance = norm.running_mean, norm.running_var
    assert old_mean is not None
    assert old_variance is not None
    slope = norm.weight.double() / (old_variance.double() + norm.eps).sqrt()
    norm.bias.copy_(norm.bias.double() + (mean.to(slope) - old_mean.double()) * slope)
    norm.weight.copy_(slope * (variance.to(slope) + norm.eps).sqrt())
    old_mean.copy_(mean)
    old_variance.copy_(variance)
