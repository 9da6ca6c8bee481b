"""Are wrong slices refused, and right ones not?

    python benchmarks/refusal.py DATA --model attention_unet --split val [--limit N]

DATA holds NIfTI pairs. Right slices are those of the split, as they are and in random poses;
wrong ones have the callosum painted out, lie 12 to 20 mm off the midline, are axial or coronal
(of the MNI152 average head and of phantom heads), or show a knee, noise or nothing. Refused is
every slice whose confidence is below the one that makes a plan `ok`.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.demonstration.demo_head import mni152_head
from callosal.pipelines.evaluation import wrong_slices
from callosal.pipelines.evaluation.measures import on_slice
from callosal.pipelines.evaluation.posed import posed
from callosal.pipelines.midplane.midsagittal import find_midsagittal_plane
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.quality import SURE
from callosal.pipelines.segmentation import find_callosa
from callosal.pipelines.training.nifti_pairs import read_split
from callosal.pipelines.training.slice_bank import LabelledSlice, evenly_spread

SPACING_MM = (0.5, 0.5)
OFF_MM = (-20.0, -16.0, -12.0, 12.0, 16.0, 20.0)
ACROSS_MM = (-30.0, -15.0, 0.0, 15.0, 30.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int, help="at most so many slices, evenly spread")
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(arguments.model), "cpu")
    slices = evenly_spread(list(read_split(arguments.data, arguments.split)), arguments.limit)
    refused: dict[str, list[bool]] = {}
    for kind, pixels in (*_of_slices(slices), *_of_heads(), *_made()):
        refused.setdefault(kind, []).append(not _is_sure(segmenter, pixels))
    print("| slice | n | refused |\n|---|---|---|")
    for kind, answers in refused.items():
        print(f"| {kind} | {len(answers)} | {100 * np.mean(answers):.1f} % |")


def _is_sure(segmenter: Segmenter, pixels: wrong_slices.Pixels) -> bool:
    (callosum,) = find_callosa([on_slice(pixels, SPACING_MM)], segmenter)
    return callosum is not None and callosum.quality.confidence >= SURE


def _of_slices(slices: list[LabelledSlice]) -> Iterator[tuple[str, wrong_slices.Pixels]]:
    for seed, labelled in enumerate(slices):
        yield "right, as it is", labelled.image.astype(np.float32)
        yield "right, random pose", posed(labelled, seed).image.astype(np.float32)
        yield "callosum painted out", wrong_slices.painted_out(labelled, seed)


def _of_heads() -> Iterator[tuple[str, wrong_slices.Pixels]]:
    for volume in (mni152_head().volume, phantom_head(0).volume, phantom_head(1).volume):
        plane = find_midsagittal_plane(volume)
        for pixels in wrong_slices.off_midline(volume, plane, OFF_MM):
            yield "12 to 20 mm off the midline", pixels
        for pixels in wrong_slices.axial(volume, plane.point_lps_mm, ACROSS_MM):
            yield "axial", pixels
        for pixels in wrong_slices.coronal(volume, plane.point_lps_mm, ACROSS_MM):
            yield "coronal", pixels


def _made() -> Iterator[tuple[str, wrong_slices.Pixels]]:
    for seed in range(20):
        yield "knee", wrong_slices.knee(seed)
        yield "noise", wrong_slices.noise(seed)
        yield "nothing", wrong_slices.flat(seed)


if __name__ == "__main__":
    main()
