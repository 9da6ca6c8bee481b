"""Are wrong slices refused, and right ones not?

    python benchmarks/accuracy/refusal.py DATA --split val --heads ENHANCED_T1 \
        --phantoms 0 1 2 3 4 5
    python benchmarks/accuracy/refusal.py DATA --split test --heads MPRAGE AXIAL_T1 AXIAL_FLAIR \
        --phantoms 100 101 102 103 104 105 --without-mni152 --output FILE.json

DATA holds NIfTI pairs; heads are folders of DICOM series or NIfTI files. Right slices are those
of the split, as they are and in random poses, and the midsagittal slices of the heads; wrong
ones have the callosum painted out, stand on their head, lie 12 to 20 mm off the midline, are
axial or coronal, or show a knee, noise or nothing. Every wrong cut is also shown in a random
pose. Refused is a slice whose confidence is below the one that makes a plan `ok`; of a volume,
`infer` judges the plane and the neighbouring slices as well, which this does not.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from highdicom import Volume

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.callosum.quality import SURE, Quality
from callosal.pipelines.callosum.segmentation import find_callosa
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.slice_bank import LabelledSlice, evenly_spread
from callosal.pipelines.evaluation import wrong_slices
from callosal.pipelines.evaluation.posed import posed
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.midplane.midsagittal import find_midsagittal_plane
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.phantom.demo_head import mni152_head
from callosal.pipelines.reading.cases import find_cases

SPACING_MM = (0.5, 0.5)
OFF_MM = (-20.0, -18.0, -16.0, -15.0, -14.0, -12.0, 12.0, 14.0, 15.0, 16.0, 18.0, 20.0)
ACROSS_MM = (-30.0, -15.0, 0.0, 10.0, 20.0, 30.0, 45.0)
CORRECT = ("correct, as it is", "correct, random pose", "correct, cut from a head")


@dataclass(frozen=True)
class Trial:
    """One slice that is to be refused or not."""

    kind: str
    name: str
    pixels: wrong_slices.Pixels


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--split", default="val")
    parser.add_argument("--heads", type=Path, nargs="*", default=[])
    parser.add_argument("--phantoms", type=int, nargs="*", default=[0, 1], help="their seeds")
    parser.add_argument("--without-mni152", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, help="at most so many slices, evenly spread")
    parser.add_argument("--output", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(arguments.model), "cpu")
    slices = evenly_spread(list(read_split(arguments.data, arguments.split)), arguments.limit)
    heads = [("MNI152", mni152_head().volume)][: 0 if arguments.without_mni152 else 1]
    heads += [(f"{path.name} {i}", case.load()) for path in arguments.heads
              for i, case in enumerate(find_cases([path]).cases)]  # fmt: skip
    heads += [(f"phantom {seed}", phantom_head(seed).volume) for seed in arguments.phantoms]
    trials = (
        *_of_slices(slices, arguments.seed),
        *(trial for name, head in heads for trial in _of_head(name, head, arguments.seed)),
        *_made(arguments.seed),
    )
    answers = [(trial, _judge(segmenter, trial)) for trial in trials]
    print_table(answers)
    if arguments.output is not None:
        rows = [
            {"kind": t.kind, "name": t.name, "confidence": q.confidence, "reasons": q.reasons}
            for t, q in answers
        ]
        arguments.output.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def print_table(answers: list[tuple[Trial, Quality]]) -> None:
    print("| slice | n | refused | share |\n|---|---|---|---|")
    kinds = dict.fromkeys(trial.kind for trial, _ in answers)
    wrong = [kind for kind in kinds if kind not in CORRECT]
    rows = {**{kind: [kind] for kind in kinds}, "**all correct**": CORRECT, "**all wrong**": wrong}
    for label, members in rows.items():
        refused = [q.confidence < SURE for trial, q in answers if trial.kind in members]
        print(f"| {label} | {len(refused)} | {sum(refused)} | {100 * np.mean(refused):.1f} % |")
    print()
    for trial, quality in answers:
        if (quality.confidence < SURE) == (trial.kind in CORRECT):
            reasons = " ".join(quality.reasons)
            print(f"- {trial.kind}: {trial.name}, confidence {quality.confidence:.2f} {reasons}")


def _judge(segmenter: Segmenter, trial: Trial) -> Quality:
    (callosum,) = find_callosa([on_slice(trial.pixels, SPACING_MM)], segmenter)
    return Quality(0.0, ("nothing_segmented",)) if callosum is None else callosum.quality


def _of_slices(slices: list[LabelledSlice], seed: int) -> Iterator[Trial]:
    for i, labelled in enumerate(slices, 1000 * seed):
        name, pixels = labelled.name, labelled.image.astype(np.float32)
        yield Trial("correct, as it is", name, pixels)
        yield _posed("correct, random pose", name, pixels, 2 * i)
        yield _posed("correct, random pose", name, pixels, 2 * i + 1)
        painted = wrong_slices.painted_out(labelled, i)
        yield Trial("callosum painted out", name, painted)
        yield _posed("callosum painted out", name, painted, i)
        yield Trial("upside down", name, np.ascontiguousarray(pixels[::-1, ::-1]))


def _of_head(name: str, volume: Volume, seed: int) -> Iterator[Trial]:
    plane = find_midsagittal_plane(volume)
    (middle,) = wrong_slices.off_midline(volume, plane, [0.0])
    yield Trial("correct, cut from a head", name, middle)
    cuts = {
        "12 to 20 mm off the midline": (OFF_MM, wrong_slices.off_midline(volume, plane, OFF_MM)),
        "axial": (ACROSS_MM, wrong_slices.axial(volume, plane.point_lps_mm, ACROSS_MM)),
        "coronal": (ACROSS_MM, wrong_slices.coronal(volume, plane.point_lps_mm, ACROSS_MM)),
    }
    for kind, (offsets_mm, pictures) in cuts.items():
        for i, (offset_mm, pixels) in enumerate(zip(offsets_mm, pictures, strict=True)):
            yield Trial(kind, f"{name} {offset_mm:+.0f} mm", pixels)
            yield _posed(kind, f"{name} {offset_mm:+.0f} mm", pixels, 1000 * seed + i)


def _made(seed: int) -> Iterator[Trial]:
    for i in range(1000 * seed, 1000 * seed + 30):
        yield Trial("knee", f"knee {i}", wrong_slices.knee(i))
        yield Trial("noise", f"noise {i}", wrong_slices.noise(i))
        yield Trial("nothing", f"nothing {i}", wrong_slices.flat(i))


def _posed(kind: str, name: str, pixels: wrong_slices.Pixels, seed: int) -> Trial:
    whole = LabelledSlice(name, kind, pixels, np.ones(pixels.shape, np.uint8), SPACING_MM)
    return Trial(kind, f"{name}, posed", posed(whole, seed).image.astype(np.float32))


if __name__ == "__main__":
    run_script(main)
