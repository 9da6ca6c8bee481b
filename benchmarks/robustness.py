"""What worse pictures cost: one model on degraded copies of labelled slices.

    python benchmarks/robustness.py DATA --model attention_unet --split test [--limit N]

Prints a Markdown table and, with --output, writes JSON.
"""

import argparse
import json
from pathlib import Path

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.evaluation.measures import CaseMeasures, measure_case, on_slice
from callosal.pipelines.evaluation.network import segment_slice
from callosal.pipelines.evaluation.robustness import DEGRADATIONS, Degradation
from callosal.pipelines.evaluation.summary import summarise
from callosal.pipelines.training.nifti_pairs import read_split
from callosal.pipelines.training.slice_bank import LabelledSlice, evenly_spread


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=int, help="at most so many slices, evenly spread")
    parser.add_argument("--output", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(arguments.model), "cpu")
    slices = evenly_spread(list(read_split(arguments.data, arguments.split)), arguments.limit)
    rows = {}
    print("| picture | n | mean Dice | below 0.90 | final angle error, deg | centre error, mm |")
    print("|---|---|---|---|---|---|")
    for name, degrade in DEGRADATIONS.items():
        figures = summarise([_score(segmenter, degrade, s, i) for i, s in enumerate(slices)])
        rows[name] = figures
        means = [figures[key]["mean"] for key in ("dice", "angle_error_deg", "center_error_mm")]
        print(
            f"| {name} | {figures['n']} | {means[0]:.3f} | {figures['below_0_90']} "
            f"| {means[1]:.2f} | {means[2]:.2f} |",
            flush=True,
        )
    if arguments.output is not None:
        arguments.output.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _score(
    segmenter: Segmenter, degrade: Degradation, labelled: LabelledSlice, seed: int
) -> CaseMeasures:
    worse = degrade(labelled, seed)
    probability, seconds = segment_slice(segmenter, worse.image, worse.spacing_mm)
    return measure_case(probability, worse.mask, on_slice(worse.image, worse.spacing_mm), seconds)


if __name__ == "__main__":
    main()
