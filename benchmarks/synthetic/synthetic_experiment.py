"""Can made scans train a segmenter? N real slices x {real, with made ones, made ones only}.

    python benchmarks/synthetic/synthetic_experiment.py DATA [--grid YAML] \
        [--only PATTERN] [--report DIR]

Every finished arm is one line of results.jsonl in the grid's output folder and is never run
again; kill and restart as you like. --only takes a regular expression on view/arm/seed, such as
'^crops/real-10'. --report writes the tables and plots of what is there, and runs nothing.
"""

import argparse
import hashlib
import json
import os
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from synthetic_arm import View, dice_by_name, train_segmenter, window_bank
from synthetic_grid import Arm, Grid, arms, key_of, read_grid, synthetic_folder
from synthetic_report import write_report
from synthetic_results import append, finished

from callosal.pipelines.console.usage import run_script
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.slice_bank import SliceBank, evenly_spread


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("data", type=Path, help="folder of NIfTI pairs with participants.tsv")
    parser.add_argument("--grid", type=Path, default=Path(__file__).with_suffix(".yaml"))
    parser.add_argument("--only", default="", help="regular expression on view/arm/seed")
    parser.add_argument("--output", type=Path, help="instead of the grid's own output folder")
    parser.add_argument("--report", type=Path, help="write tables and plots here, run nothing")
    arguments = parser.parse_args()
    grid = read_grid(arguments.grid)
    if arguments.output is not None:
        grid = replace(grid, output=arguments.output)
    results = grid.output / "results.jsonl"
    if arguments.report is not None:
        write_report(results, arguments.report, grid.held_out)
        return
    grid.output.mkdir(parents=True, exist_ok=True)
    missing = {
        f"{arm.source}-{arm.count}"
        for arm in arms(grid, arguments.only)
        if not run_arm(grid, arm, arguments.data, results)
    }
    if missing:
        print(f"not run, for there are no made pairs: {', '.join(sorted(missing))}")


def run_arm(grid: Grid, arm: Arm, data: Path, results: Path) -> bool:
    """Run one arm unless it is done; False where its made pairs cannot be had."""
    view = grid.views[arm.view]
    folder = synthetic_folder(grid, arm, data) if arm.source else None
    if arm.source and folder is None:
        return False
    key = key_of(arm, view, folder)
    if key in finished(results):
        return True
    start, processor = time.perf_counter(), time.process_time()
    banks = []
    if arm.real:
        banks.append(bank_of(grid, view, data, "train", arm.count))
    if folder is not None:
        banks.append(bank_of(grid, view, folder, "train", "all"))
    module = train_segmenter(banks, view, arm.seed)
    dice = {
        split: dice_by_name(module, bank_of(grid, view, data, split, "all"))
        for split in grid.held_out
    }
    row = {
        "key": key,
        **asdict(arm),
        "name": arm.name,
        "slices": [len(bank) for bank in banks],
        "seconds": round(time.perf_counter() - start, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
        "dice": dice,
    }
    append(results, row)
    means = {split: round(sum(d.values()) / len(d), 4) for split, d in dice.items()}
    first = grid.held_out[0]
    print(
        f"{arm.view} {arm.name} seed {arm.seed}: {means[first]} on {first}, {row['seconds']} s",
        flush=True,
    )
    return True


def bank_of(grid: Grid, view: View, folder: Path, split: str, count: str) -> SliceBank:
    """Windows of a split, kept as a file: a restarted run need not read the slices again."""
    table = (folder / "participants.tsv").stat()
    made = [str(folder.resolve()), table.st_size, table.st_mtime_ns]
    said = json.dumps([made, split, view.spacing_mm, view.size, view.around])
    kept = grid.output / "banks" / f"{hashlib.sha256(said.encode()).hexdigest()[:16]}.npz"
    if not kept.is_file():
        bank = window_bank(list(read_split(folder, split)), view)
        kept.parent.mkdir(parents=True, exist_ok=True)
        partial = kept.with_suffix(f".{os.getpid()}.npz")
        np.savez(partial, names=bank.names, sites=bank.sites, images=bank.images, masks=bank.masks)
        partial.replace(kept)
    with np.load(kept) as file:
        chosen = evenly_spread(range(len(file["names"])), None if count == "all" else int(count))
        names, sites, images, masks = (
            file[name][chosen] for name in ("names", "sites", "images", "masks")
        )
    return SliceBank(tuple(names.tolist()), tuple(sites.tolist()), images, masks, view.spacing_mm)


if __name__ == "__main__":
    run_script(main)
