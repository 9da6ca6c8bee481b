"""The optimiser of every network here: AdamW, a linear warm-up and a cosine to zero."""

import math
from functools import partial

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRSchedulerConfig
from torch import nn


def warmed_up_adamw(
    trainer: pl.Trainer,
    module: nn.Module,
    lr: float,
    weight_decay: float,
    warmup_fraction: float,
    betas: tuple[float, float] = (0.9, 0.999),
) -> OptimizerLRSchedulerConfig:
    """AdamW over a module's parameters, its learning rate stepped each batch.

    Args:
        trainer: Gives the number of steps of the run.
        module: What is trained.
        lr: Peak learning rate.
        weight_decay: Decoupled weight decay (Loshchilov and Hutter 2019).
        warmup_fraction: Share of the steps in which the learning rate rises, in [0, 1).
        betas: Decay of the running mean and of the running square of the gradient.
    """
    optimizer = torch.optim.AdamW(
        module.parameters(), lr=lr, betas=betas, weight_decay=weight_decay
    )
    steps = max(int(trainer.estimated_stepping_batches), 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, partial(warmup_cosine, steps=steps, warmup=warmup_fraction * steps)
    )
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def warmup_cosine(step: int, steps: int, warmup: float) -> float:
    """Factor on the peak learning rate: a linear rise, then a cosine to zero.

    Args:
        step: Optimizer steps taken, from 0.
        steps: Steps of the whole run.
        warmup: Steps of the rise.

    Returns:
        A factor in [0, 1].

    Example:
        >>> [round(warmup_cosine(step, 10, 2), 2) for step in (0, 1, 2, 6, 10)]
        [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    if step < warmup:
        return (step + 1) / max(warmup, 1)
    progress = (step - warmup) / max(steps - warmup, 1)
    return 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
