"""Coefficients of the finding: is a callosum whole, thin, or without which part?

    python benchmarks/release/release_finding.py DATA
    python benchmarks/release/release_finding.py DATA --check val
    python benchmarks/release/release_finding.py DATA --check test

DATA holds NIfTI pairs with splits. The reference masks of `train` are taken as whole, and each is
cut along its midline into callosa without rostrum, without rostrum and genu, without splenium,
without the posterior half, and without both ends (`pipelines/evaluation/partial_callosa.py`). One
logistic regression a part, with a ridge, is fitted to the outlines; sizes are scaled by 0.85 to
1.15 at random, so that a small head is no partial callosum. Each regression's constant is then
moved until the share of whole ones that it calls partial is that of `FALSE_SHARES`, or lower where
it would name too many that lack another part. Thin is below
the 1st percentile of the mean thickness of the training masks. Written is
models/weights/callosum-finding/coefficients.json. With --check, nothing is fitted or written: the
shipped coefficients are scored on a split, on outlines alone.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.callosum.finding import (
    PARTS,
    SIZES,
    FindingModel,
    feature_names,
    judged,
    shipped_model,
)
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.slice_bank import LabelledSlice, evenly_spread
from callosal.pipelines.evaluation.partial_callosa import (
    MISSING,
    Lack,
    Shape,
    cut_outline_mm,
    kept_shares,
)

OUTPUT = Path(__file__).resolve().parents[2] / "models/weights/callosum-finding/coefficients.json"
FALSE_SHARES = {"rostrum": 0.01, "genu": 0.002, "splenium": 0.002, "posterior_half": 0.002}
FALSE_SHARE_OF_OTHERS = 0.05
"""Share of callosa without another part that may be called to lack this one too."""

RIDGE = 0.001
COPIES = 4
"""Times each outline is given, scaled at random."""

THICKNESS_ERROR_MM = 0.28
"""Of a model's mask: 1.25 times the mean absolute difference of 0.22 mm
(docs/reference/measures.md)."""


@dataclass(frozen=True, eq=False)
class Outline:
    """The features of one outline, and what it lacks.

    Attributes:
        lack: None for a whole one.
        features: Of `outline_features`, shape (F,).
        thickness_mm: Mean thickness.
    """

    lack: Lack | None
    features: Array
    thickness_mm: float

    @classmethod
    def of(cls, lack: Lack | None, shape: Shape) -> "Outline":
        """That of a shape."""
        return cls(lack, shape.features, shape.thickness_mm)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--check", metavar="SPLIT", help="score the shipped coefficients")
    parser.add_argument("--cut", type=int, default=240, help="so many slices are cut, all lacks")
    arguments = parser.parse_args()
    split = arguments.check or "train"
    outlines = outlines_of(list(read_split(arguments.data, split)), arguments.cut)
    if arguments.check is None:
        model = fit(outlines)
        OUTPUT.parent.mkdir(exist_ok=True)
        OUTPUT.write_text(json.dumps(entry(model, outlines), indent=1) + "\n", encoding="utf-8")
    print_table(shipped_model() if arguments.check else model, outlines, split)


def outlines_of(slices: Sequence[LabelledSlice], n_cut: int) -> list[Outline]:
    """Every mask as it is, and so many of them, evenly spread, cut in every way."""
    cut = {labelled.name for labelled in evenly_spread(slices, n_cut)}
    found: list[Outline] = []
    for number, labelled in enumerate(slices):
        try:
            whole = Shape.of_mask(labelled)
        except GeometryError as error:
            print(f"{labelled.name}: left out: {error.code}")
            continue
        found.append(Outline.of(None, whole))
        if labelled.name in cut:
            draw = np.random.default_rng(number)
            for lack in Lack:
                found += _cut(whole, lack, draw)
    return found


def _cut(whole: Shape, lack: Lack, draw: np.random.Generator) -> list[Outline]:
    try:
        left = cut_outline_mm(whole, *kept_shares(whole, lack, draw))
        return [Outline.of(lack, Shape.of_outline(left))]
    except GeometryError:
        return []


def fit(outlines: Sequence[Outline]) -> FindingModel:
    """Coefficients by the outlines of the training masks."""
    draw = np.random.default_rng(0)
    sized = [name in SIZES for name in feature_names()]
    grown = np.log(draw.uniform(0.85, 1.15, (COPIES, len(outlines), 1)))
    features = np.array([one.features for one in outlines]) + grown * np.array(sized)
    mean, scale = features.mean(axis=(0, 1)), features.std(axis=(0, 1))
    standard = (features - mean) / scale
    is_whole = np.array([one.lack is None for one in outlines])
    weights, offsets = {}, {}
    for part in PARTS:
        lacks = np.array([one.lack is not None and part in MISSING[one.lack] for one in outlines])
        known = np.tile(lacks, COPIES)
        found = _regression(standard.reshape(len(known), -1), known)
        weights[part] = found[1:]
        sums = standard @ weights[part]
        others = ~is_whole & ~lacks
        offsets[part] = -max(
            float(np.quantile(sums[:, is_whole], 1 - FALSE_SHARES[part])),
            float(np.quantile(sums[:, others], 1 - FALSE_SHARE_OF_OTHERS)),
        )
    thin_mm = float(np.percentile([one.thickness_mm for one in outlines if one.lack is None], 1))
    return FindingModel(mean, scale, weights, offsets, thin_mm, THICKNESS_ERROR_MM)


def _regression(features: Array, known: NDArray[np.bool_]) -> Array:
    """Constant and weights of a logistic regression in which both classes weigh alike."""
    share = known.mean()
    importance = np.where(known, 0.5 / share, 0.5 / (1 - share)) / len(known)
    signs = np.where(known, 1.0, -1.0)

    def loss(values: Array) -> tuple[float, Array]:
        margin = signs * (values[0] + features @ values[1:])
        slope = -importance * signs / (1 + np.exp(np.clip(margin, -500, 500)))
        ridge = RIDGE * values[1:]
        total = importance @ np.logaddexp(0, -margin) + 0.5 * ridge @ values[1:]
        return float(total), np.r_[slope.sum(), slope @ features + ridge]

    return np.asarray(minimize(loss, np.zeros(features.shape[1] + 1), jac=True).x)


def entry(model: FindingModel, outlines: Sequence[Outline]) -> dict[str, object]:
    """The JSON object of a model."""
    return {
        "source": "benchmarks/release/release_finding.py on the training masks",
        "n_outlines": len(outlines),
        "n_whole": sum(one.lack is None for one in outlines),
        "software": {"callosal": version("callosal")},
        "false_shares": FALSE_SHARES,
        "false_share_of_others": FALSE_SHARE_OF_OTHERS,
        "ridge": RIDGE,
        "features": feature_names(),
        "mean": model.mean.round(6).tolist(),
        "scale": model.scale.round(6).tolist(),
        "parts": {
            part: {
                "weights": model.weights[part].round(6).tolist(),
                "offset": round(model.offsets[part], 6),
            }
            for part in PARTS
        },
        "thin_mm": round(model.thin_mm, 3),
        "thickness_error_mm": model.thickness_error_mm,
    }


def print_table(model: FindingModel, outlines: Sequence[Outline], split: str) -> None:
    """Share found partial and share whose parts are all named, at two operating points."""
    scores = {
        lack: np.array(
            [max(model.missing(o.features).values()) for o in outlines if o.lack is lack]
        )
        for lack in (None, *Lack)
    }
    level = float(np.quantile(scores[None], 0.95))
    print(f"{split}; thin below {model.thin_mm:.2f} mm mean thickness")
    print("| callosum | n | found partial | parts named | partial at 95 % specificity |")
    print("|---|---|---|---|---|")
    for lack, found in scores.items():
        own = [o for o in outlines if o.lack is lack]
        findings = [judged(model, o.features, o.thickness_mm) for o in own]
        wanted = () if lack is None else MISSING[lack]
        named = np.mean([finding.missing == wanted for finding in findings])
        partial = np.mean([finding.kind == "partial" for finding in findings])
        words = "whole" if lack is None else f"without {lack}"
        print(
            f"| {words} | {len(own)} | {100 * partial:.1f} % | {100 * named:.1f} % "
            f"| {100 * np.mean(found > level):.1f} % |"
        )
    whole = [judged(model, o.features, o.thickness_mm) for o in outlines if o.lack is None]
    print(f"whole found thin: {sum(f.kind == 'thin' for f in whole)} of {len(whole)}; "
          f"lacking an end: {sum(f.lacks_an_end for f in whole)}")  # fmt: skip


if __name__ == "__main__":
    run_script(main)
