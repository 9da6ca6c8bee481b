"""What does pretraining on slices without masks bring the ViT, with few masks and with all?

    python benchmarks/synthetic/pretraining_benefit.py DATA --output FOLDER \
        [--counts 25 100 all] [--seeds 0]
    python benchmarks/synthetic/pretraining_benefit.py DATA --output FOLDER --report  # table alone

Pretrains once as configs/vit_mae.yaml does, on all training slices with their masks blanked, then
trains the segmenter of configs/vit.yaml on each count twice, from the encoder and from scratch:
same seed, slices, steps, batch and learning rate. Every finished arm is one line of
results.jsonl and is never run again. Pixels are 0.8 mm and the schedules short, so that an arm
takes minutes; the figures are those of this budget.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from synthetic_arm import AugmentedStream, View, dice_by_name, quiet_trainer, window_bank
from synthetic_report import difference
from synthetic_results import append, read_results
from torch.utils.data import DataLoader

from callosal.models.masked_autoencoder import MaskedAutoencoderModule
from callosal.models.segmentation_module import SegmentationModule
from callosal.models.vit import ViTSegmenter
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.slice_bank import SliceBank, evenly_spread
from callosal.pipelines.training.augment import Augmentation
from callosal.pipelines.training.callbacks.pretrained_encoder import copy_encoder

AUGMENTATION = Augmentation(crop_mm=160.0, angle_deg=46.0, shift_mm=32.0, log_scale=0.25)
VIEW = View(0.8, 320, "slice", steps=500, batch=8, widths=(), lr=1e-3, augmentation=AUGMENTATION)
HELD_OUT = ("val", "test")
HIDDEN_PATCH = 16
"""Side in pixels, one token: 12.8 mm here, and 16 mm in configs/vit_mae.yaml."""


@dataclass(frozen=True)
class Arm:
    """One training of the segmenter.

    Attributes:
        count: Number of labelled slices, or all.
        pretrained: Whether its encoder starts from the pretraining.
        seed: Seed of weights, order and augmentation.
    """

    count: str
    pretrained: bool
    seed: int

    @property
    def name(self) -> str:
        """Such as 25/pretrained/0."""
        return f"{self.count}/{'pretrained' if self.pretrained else 'scratch'}/{self.seed}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("data", type=Path, help="folder of NIfTI pairs with participants.tsv")
    parser.add_argument("--output", type=Path, required=True, help="folder of encoder and results")
    parser.add_argument("--counts", nargs="+", default=["25", "100", "all"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--steps", type=int, default=VIEW.steps, help="of each segmenter")
    parser.add_argument("--pretraining-steps", type=int, default=2000)
    parser.add_argument("--report", action="store_true", help="print the table, run nothing")
    arguments = parser.parse_args()
    results = arguments.output / "results.jsonl"
    if not arguments.report:
        arguments.output.mkdir(parents=True, exist_ok=True)
        wanted = [
            Arm(count, pretrained, seed)
            for seed in arguments.seeds
            for count in arguments.counts
            for pretrained in (False, True)
        ]
        _run(
            arguments.data,
            arguments.output,
            wanted,
            arguments.pretraining_steps,
            replace(VIEW, steps=arguments.steps),
        )
    for split in HELD_OUT:
        print(table(read_results(results), split))


def _run(data: Path, output: Path, wanted: Sequence[Arm], steps: int, view: View) -> None:
    """Pretrain unless it is done, and run every arm that is not."""
    results = output / "results.jsonl"
    banks = {one: window_bank(list(read_split(data, one)), view) for one in ("train", *HELD_OUT)}
    encoder = output / "encoder.ckpt"
    if not encoder.is_file():
        pretrain(banks["train"], view, steps, encoder)
    for arm in wanted:
        if arm.name in {row["name"] for row in read_results(results)}:
            continue
        start = time.process_time()
        module = fine_tune(part_of(banks["train"], arm.count), view, arm, encoder)
        dice = {split: dice_by_name(module, banks[split]) for split in HELD_OUT}
        seconds = round(time.process_time() - start, 1)
        append(
            results,
            {"name": arm.name, "count": arm.count, "pretrained": arm.pretrained, "seed": arm.seed,
             "steps": view.steps, "pretraining_steps": steps, "processor_seconds": seconds,
             "dice": dice},
        )  # fmt: skip
        print(f"{arm.name}: {np.mean(list(dice['val'].values())):.4f} on val, {seconds} s")


def pretrain(bank: SliceBank, view: View, steps: int, encoder: Path) -> None:
    """Fill in hidden patches of all slices of a bank, their masks blanked; write the checkpoint."""
    pl.seed_everything(1, verbose=False)
    blank = replace(bank, masks=np.zeros_like(bank.masks))
    anywhere = replace(view, augmentation=replace(view.augmentation, anywhere=1.0))
    module = MaskedAutoencoderModule(ViTSegmenter(), view.spacing_mm, HIDDEN_PATCH)
    trainer = quiet_trainer(steps)
    trainer.fit(module, DataLoader(AugmentedStream([blank], anywhere, 1), batch_size=None))
    partial = encoder.with_suffix(".partial")
    torch.save({"state_dict": module.state_dict()}, partial)
    partial.replace(encoder)


def fine_tune(bank: SliceBank, view: View, arm: Arm, encoder: Path) -> SegmentationModule:
    """Train the segmenter of an arm."""
    pl.seed_everything(arm.seed, verbose=False)
    module = SegmentationModule(ViTSegmenter(), view.spacing_mm, lr=view.lr)
    if arm.pretrained:
        copy_encoder(encoder, module)
    trainer = quiet_trainer(view.steps)
    trainer.fit(module, DataLoader(AugmentedStream([bank], view, arm.seed), batch_size=None))
    return module.eval()


def part_of(bank: SliceBank, count: str) -> SliceBank:
    """So many slices of a bank, by the rule of `--data.limit`."""
    rows = evenly_spread(range(len(bank)), None if count == "all" else int(count))
    return SliceBank(
        tuple(bank.names[row] for row in rows),
        tuple(bank.sites[row] for row in rows),
        bank.images[rows],
        bank.masks[rows],
        bank.spacing_mm,
    )


def table(rows: Sequence[dict[str, Any]], split: str) -> str:
    """Dice with and without pretraining, and their difference paired by subject, as Markdown."""
    lines = [
        f"| masks | seeds | from scratch, {split} | pretrained | difference, points (95 %) | "
        "below 0.90 |",
        "|---|---|---|---|---|---|",
    ]
    for count in dict.fromkeys(row["count"] for row in rows):
        scratch, pretrained = (
            [row for row in rows if row["count"] == count and row["pretrained"] is started]
            for started in (False, True)
        )
        if not (scratch and pretrained):
            continue
        before, after = (
            np.mean([list(row["dice"][split].values()) for row in group], axis=0)
            for group in (scratch, pretrained)
        )
        gap, low, high = difference(after, before)
        lines.append(
            f"| {count} | {len(pretrained)} | {before.mean():.4f} | {after.mean():.4f} | "
            f"{gap:+.2f} ({low:+.2f} to {high:+.2f}) | "
            f"{100 * (before < 0.9).mean():.1f} %, {100 * (after < 0.9).mean():.1f} % |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run_script(main)
