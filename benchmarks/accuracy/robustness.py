"""What worse pictures cost: one model on degraded copies of labelled slices.

    python benchmarks/accuracy/robustness.py DATA --model attention_unet --split test [--limit N]

Prints a Markdown table and, with --output, writes JSON. Refused is a slice whose confidence is
below the one that makes a plan `ok`. The slices must have the model's pixel size.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.callosum.quality import SURE
from callosal.pipelines.callosum.segmentation import find_callosa
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.slice_bank import LabelledSlice, evenly_spread
from callosal.pipelines.evaluation.measures import CaseMeasures, measure_case
from callosal.pipelines.evaluation.robustness import DEGRADATIONS, Degradation
from callosal.pipelines.evaluation.summary import summarise
from callosal.pipelines.geometry.slice_image import on_slice


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
    print("| picture | n | Dice | below 0.90 | angle error, deg | centre error, mm | refused |")
    print("|---|---|---|---|---|---|---|")
    for name, degrade in DEGRADATIONS.items():
        scores = [_score(segmenter, degrade, one, seed) for seed, one in enumerate(slices)]
        figures = summarise([measures for measures, _ in scores])
        refused = sum(not sure for _, sure in scores)
        rows[name] = {**figures, "refused": refused}
        dice, angle, center = (
            figures[key]["mean"] for key in ("dice", "angle_error_deg", "center_error_mm")
        )
        below = 100 * figures["below_0_90"] / len(slices)
        print(
            f"| {name} | {len(slices)} | {dice:.3f} | {below:.1f} % | {angle:.2f} | {center:.2f} "
            f"| {100 * refused / len(slices):.1f} % |",
            flush=True,
        )
    if arguments.output is not None:
        arguments.output.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _score(
    segmenter: Segmenter, degrade: Degradation, labelled: LabelledSlice, seed: int
) -> tuple[CaseMeasures, bool]:
    """Measures of the degraded slice, and whether `infer` would call it `ok`."""
    if not np.allclose(labelled.spacing_mm, segmenter.contract.spacing_mm, atol=1e-3):
        raise SystemExit(
            f"{labelled.name}: pixels of {labelled.spacing_mm} mm; the degradations need the "
            f"model's {segmenter.contract.spacing_mm} mm: resample the data first"
        )
    worse = degrade(labelled, seed)
    place = on_slice(worse.image, worse.spacing_mm)
    (found,) = find_callosa([place], segmenter)
    answer = np.zeros(worse.mask.shape) if found is None else found.component
    sure = found is not None and found.quality.confidence >= SURE
    return measure_case(answer, worse.mask, place, 0.0), sure


if __name__ == "__main__":
    run_script(main)
