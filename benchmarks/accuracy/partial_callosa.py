"""Are callosa without a part found to be partial, on pictures?

    python benchmarks/accuracy/partial_callosa.py DATA --split val --limit 20
    python benchmarks/accuracy/partial_callosa.py DATA --split test --limit 60

DATA holds NIfTI pairs. Of each slice the callosum is left whole, and a part of it is painted over
as its surroundings look: the rostrum, rostrum and genu, the splenium, the posterior half, or both
ends. The segmenter outlines what is left, and the finding is made of that outline, as `infer`
makes it. The last column counts those found at the level at which 95 % of the whole ones of
the same slices are not called partial.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import GeometryError
from callosal.pipelines.callosum.finding import (
    UNKNOWN,
    Finding,
    judged,
    shipped_model,
)
from callosal.pipelines.callosum.quality import SURE
from callosal.pipelines.callosum.segmentation import find_callosa
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.slice_bank import LabelledSlice, evenly_spread
from callosal.pipelines.evaluation.partial_callosa import (
    MISSING,
    Lack,
    Shape,
    kept_shares,
    painted_part,
)
from callosal.pipelines.evaluation.wrong_slices import Pixels
from callosal.pipelines.geometry.slice_image import on_slice


@dataclass(frozen=True)
class Answer:
    """What was found on one picture.

    Attributes:
        lack: What its callosum lacks; None for a whole one.
        name: Slice.
        finding: The finding; unknown where nothing was outlined.
        score: Largest probability that a part is missing; 1 where nothing was outlined.
        confidence: Of the outline, before the finding lowers it.
    """

    lack: Lack | None
    name: str
    finding: Finding
    score: float
    confidence: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int, default=60, help="slices, evenly spread")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--output", type=Path, help="JSON file of every answer")
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(arguments.model), "cpu")
    slices = evenly_spread(list(read_split(arguments.data, arguments.split)), arguments.limit)
    answers = [
        answer(segmenter, lack, labelled, pixels)
        for number, labelled in enumerate(slices)
        for lack, pixels in pictures(labelled, number)
    ]
    print_table(answers)
    if arguments.output is not None:
        rows = [
            {
                "lack": one.lack,
                "name": one.name,
                "kind": one.finding.kind,
                "missing": one.finding.missing,
                "score": one.score,
                "confidence": one.confidence,
            }
            for one in answers
        ]
        arguments.output.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def pictures(labelled: LabelledSlice, seed: int) -> Iterator[tuple[Lack | None, Pixels]]:
    """The slice as it is, and once for each lack with that part painted over."""
    yield None, labelled.image.astype(np.float32)
    try:
        whole = Shape.of_mask(labelled)
    except GeometryError:
        return
    draw = np.random.default_rng(seed)
    for lack in Lack:
        yield lack, painted_part(labelled, whole, *kept_shares(whole, lack, draw), seed)


def answer(
    segmenter: Segmenter, lack: Lack | None, labelled: LabelledSlice, pixels: Pixels
) -> Answer:
    """What is found on a picture."""
    (callosum,) = find_callosa([on_slice(pixels, labelled.spacing_mm)], segmenter)
    if callosum is None:
        return Answer(lack, labelled.name, UNKNOWN, 1.0, 0.0)
    confidence = callosum.quality.confidence
    try:
        shape = Shape.of_outline(callosum.contour_mm)
    except GeometryError:
        return Answer(lack, labelled.name, UNKNOWN, 1.0, confidence)
    finding = judged(shipped_model(), shape.features, shape.thickness_mm)
    score = max(shipped_model().missing(shape.features).values())
    return Answer(lack, labelled.name, finding, score, confidence)


def print_table(answers: list[Answer]) -> None:
    """By lack: found partial, all parts named, in doubt or partial, found at 95 % specificity."""
    level = float(np.quantile([one.score for one in answers if one.lack is None], 0.95))
    print(
        "| callosum | n | found partial | parts named | not `ok` | partial at 95 % specificity |\n"
        "|---|---|---|---|---|---|"
    )
    for lack in (None, *Lack):
        own = [one for one in answers if one.lack is lack]
        wanted = () if lack is None else MISSING[lack]
        columns = (
            [one.finding.kind == "partial" for one in own],
            [one.finding.missing == wanted for one in own],
            [one.finding.lacks_an_end or one.confidence < SURE for one in own],
            [one.score > level for one in own],
        )
        shares = " | ".join(f"{100 * np.mean(column):.1f} %" for column in columns)
        print(f"| {'whole' if lack is None else f'without {lack}'} | {len(own)} | {shares} |")
    lacking = [one for one in answers if one.lack is not None]
    found = 100 * np.mean([one.score > level for one in lacking])
    print(f"\nall partial ones at 95 % specificity: {found:.1f} % of {len(lacking)}")


if __name__ == "__main__":
    run_script(main)
