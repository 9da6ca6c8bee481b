"""Training samples a second beside the usual MONAI recipe: same network, batch and machine.

    python benchmarks/speed/training_throughput.py DATA --steps 12 --rounds 3

DATA holds NIfTI pairs. The peer is what MONAI's tutorials do: dictionary transforms, a
CacheDataset that holds all that is not random, a DataLoader with workers, the same kinds and
ranges of augmentation as near as MONAI has them. Both train the attention U-Net of
configs/attention_unet.yaml on crops of 320 x 320 in bfloat16 with the module's own loss; the last
line is the recipe as its tutorials run on a CPU, in float32. Rounds alternate, and the figure is
the median over them. Reading the data is not counted. Both have what `callosal fit` sets for a
process: denormal numbers are zero, and freed memory is kept for the next step.

On a busy machine `--clock processor --workers 0 --threads 1` counts the time that the processor
spent on this process: it tells the work of both, but not how well either shares it among cores.
"""

import argparse
import math
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import monai
import torch
from monai import transforms as mt

from callosal.models.attention_unet import AttentionUNet
from callosal.models.segmentation_module import Batch, SegmentationModule
from callosal.pipelines.console.process_memory import keep_freed_memory
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.participants import read_participants
from callosal.pipelines.datasets.slice_bank import evenly_spread, make_bank
from callosal.pipelines.training.augment import Augmentation, augment
from callosal.pipelines.training.datamodule import bank_loader
from callosal.pipelines.training.draws import Draws, batch_seeds
from callosal.pipelines.training.slice_order import SliceOrder

SPACING_MM = 0.5
CROP = 320
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}

Clock = Callable[[], float]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--slices", type=int, default=128, help="slices that are cached")
    parser.add_argument("--steps", type=int, default=12, help="timed steps a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    arguments = parser.parse_args()
    if arguments.clock == "processor" and arguments.workers:
        parser.error("--clock processor counts this process alone: --workers 0")
    clock = CLOCKS[arguments.clock]
    torch.set_num_threads(arguments.threads)
    torch.set_flush_denormal(True)
    keep_freed_memory()
    contestants = {
        "callosal": callosal_batches(arguments.data, arguments.slices, arguments.batch),
        "monai": monai_batches(
            arguments.data, arguments.slices, arguments.batch, arguments.workers
        ),
    }
    speeds: defaultdict[str, list[float]] = defaultdict(list)
    module = SegmentationModule(AttentionUNet(widths=[16, 32, 64, 128, 160])).train()
    for _ in range(arguments.rounds):
        for name, batches in contestants.items():
            samples = arguments.steps * arguments.batch
            speeds[f"{name}, data alone"].append(samples / _drain(batches, arguments.steps, clock))
            for part, precision in (("bfloat16", torch.bfloat16), ("float32", torch.float32)):
                seconds = _train(module, batches, arguments.steps, precision, clock)
                speeds[f"{name}, {part}"].append(samples / seconds)
    _print(speeds, arguments)


def callosal_batches(data: Path, slices: int, batch: int) -> Iterator[Batch]:
    """Endless batches as `callosal fit` makes them: a bank in memory, augmented as tensors."""
    bank = make_bank(evenly_spread(list(read_split(data, "train")), slices), SPACING_MM, 512)
    loader = bank_loader(bank, batch, SliceOrder(len(bank), seed=0))
    step = 0
    while True:
        for samples in loader:
            draws = Draws(batch_seeds(0, step, batch))
            image, mask = augment(
                samples["image"], samples["mask"], SPACING_MM, Augmentation(), draws
            )
            step += 1
            yield {"image": image, "mask": mask}


def monai_batches(data: Path, slices: int, batch: int, workers: int) -> Iterator[Batch]:
    """Endless batches of the usual recipe."""
    people = [row for row in read_participants(data) if row.split == "train"]
    people = people[:: max(1, len(people) // slices)][:slices]
    files = [
        {
            "image": next((data / row.name).glob("*_T1w.nii*")),
            "mask": next((data / row.name).glob("*_mask.nii*")),
        }
        for row in people
    ]
    dataset = monai.data.CacheDataset(files, _recipe(), progress=False)
    loader = monai.data.DataLoader(
        dataset, batch_size=batch, shuffle=True, drop_last=True, num_workers=workers,
        persistent_workers=workers > 0,
    )  # fmt: skip
    while True:
        for samples in loader:
            yield {key: samples[key].as_tensor() for key in ("image", "mask")}


def _recipe() -> mt.Compose:
    both = ["image", "mask"]
    turn = math.radians(46)
    return mt.Compose(
        [
            mt.LoadImaged(both),
            mt.EnsureChannelFirstd(both, channel_dim="no_channel"),
            mt.SqueezeDimd(both, dim=1),
            mt.ScaleIntensityRangePercentilesd("image", 0, 99.9, 0, 1),
            mt.RandAffined(
                both,
                prob=1.0,
                rotate_range=turn,
                translate_range=64,
                scale_range=0.25,
                spatial_size=(CROP, CROP),
                mode="bilinear",
                padding_mode="zeros",
            ),
            mt.Rand2DElasticd(
                both,
                spacing=(53, 53),
                magnitude_range=(0, 2),
                prob=1.0,
                mode="bilinear",
                padding_mode="zeros",
            ),
            mt.RandAdjustContrastd("image", prob=1.0, gamma=(0.64, 1.57)),
            mt.RandBiasFieldd("image", prob=1.0, coeff_range=(0, 0.35)),
            mt.RandGaussianSmoothd("image", prob=1.0, sigma_x=(0.05, 1.6), sigma_y=(0.05, 1.6)),
            mt.RandRicianNoised("image", prob=1.0, std=0.09, sample_std=True),
        ]
    )


def _drain(batches: Iterator[Batch], steps: int, clock: Clock) -> float:
    """Seconds that so many batches take when nothing is done with them."""
    next(batches)
    begin = clock()
    for _ in range(steps):
        next(batches)
    return clock() - begin


def _train(
    module: SegmentationModule,
    batches: Iterator[Batch],
    steps: int,
    precision: torch.dtype,
    clock: Clock,
) -> float:
    """Seconds of so many training steps, data included."""
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)
    module.log = lambda *_, **__: None  # type: ignore[method-assign]
    begin = 0.0
    for step in range(steps + 1):
        if step == 1:
            begin = clock()
        # Outside of the lower precision, as a trainer fetches them.
        batch = next(batches)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16):
            loss = module.training_step(batch, step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return clock() - begin


def _print(speeds: dict[str, list[float]], arguments: argparse.Namespace) -> None:
    median = {name: statistics.median(values) for name, values in speeds.items()}
    print(f"torch {torch.__version__}, monai {monai.__version__}, batch {arguments.batch}, "
          f"{arguments.threads} threads, {arguments.workers} workers for monai, "
          f"{arguments.clock} clock")  # fmt: skip
    print("| samples a second | callosal | monai | ratio |\n|---|---|---|---|")
    rows = (
        ("data alone", "data alone", "data alone"),
        ("training, both bfloat16", "bfloat16", "bfloat16"),
        ("training, both float32", "float32", "float32"),
        ("training, each as it comes", "bfloat16", "float32"),
    )
    for name, own_part, peer_part in rows:
        own, peer = median[f"callosal, {own_part}"], median[f"monai, {peer_part}"]
        print(f"| {name} | {own:.1f} | {peer:.1f} | {own / peer:.2f} |")


if __name__ == "__main__":
    run_script(main)
