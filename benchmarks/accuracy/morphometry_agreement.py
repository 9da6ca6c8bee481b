"""Agreement of the measures of a model's masks with those of the reference masks.

    python benchmarks/accuracy/morphometry_agreement.py --data DIR --model FILE.onnx --split val

Prints, for all slices and for those that `infer` would trust, for each measure the mean of the
reference, the bias, the mean absolute difference and ICC(2,1) (absolute agreement, Shrout and
Fleiss 1979) over the slices where both are known.
One segmentation that is half missing decides the ICC of lengths: hence the second table.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import resolve_model
from callosal.models.errors import GeometryError
from callosal.pipelines.callosum.quality import SURE, judge, measure_mask
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.evaluation.network import segment_slice
from callosal.pipelines.evaluation.summary import icc
from callosal.pipelines.geometry.reference_line import LineKind, find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage, on_slice
from callosal.pipelines.morphometry.measures import Morphometry, measure
from callosal.pipelines.outline.contour import callosum_component, find_contours_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm


@dataclass(frozen=True)
class Pair:
    """The measures of one slice from the model's mask and from the reference mask."""

    found: Morphometry
    truth: Morphometry
    confidence: float


def measured(
    probability: NDArray[np.floating], slice_image: SliceImage
) -> tuple[Morphometry, float]:
    component = callosum_component(probability, slice_image)
    outline_mm = smooth_contour_mm(find_contours_mm(component, slice_image)[0])
    box = RotatedBox.around(outline_mm)
    line = find_reference_line(LineKind.SUBCALLOSAL, outline_mm, box)
    facts = measure_mask(probability, component, outline_mm, box, slice_image)
    return measure(outline_mm, component, slice_image, box, line), judge(facts).confidence


def measured_pair(segmenter: Segmenter, labelled: LabelledSlice) -> Pair | None:
    slice_image = on_slice(labelled.image, labelled.spacing_mm)
    probability, _ = segment_slice(segmenter, labelled.image, labelled.spacing_mm)
    try:
        found, confidence = measured(probability, slice_image)
    except (GeometryError, IndexError):
        return None
    truth, _ = measured(labelled.mask.astype(np.float64), slice_image)
    return Pair(found, truth, confidence)


def print_table(pairs: list[Pair]) -> None:
    print(f"{'measure':26s} {'n':>4s} {'reference':>10s} {'bias':>9s} {'abs diff':>9s} {'ICC':>7s}")
    for name in pairs[0].truth.values:
        both = [(pair.found.values[name], pair.truth.values[name]) for pair in pairs]
        known = np.array([values for values in both if None not in values], dtype=float)
        if len(known) < 3:
            print(f"{name:26s} {len(known):4d}   too few")
            continue
        difference = known[:, 0] - known[:, 1]
        print(
            f"{name:26s} {len(known):4d} {known[:, 1].mean():10.3f} {difference.mean():+9.3f} "
            f"{np.abs(difference).mean():9.3f} {icc(known):7.4f}"
        )


def print_profile(pairs: list[Pair]) -> None:
    profiles = np.array(
        [
            (pair.found.thickness_profile_mm, pair.truth.thickness_profile_mm)
            for pair in pairs
            if pair.found.thickness_profile_mm and pair.truth.thickness_profile_mm
        ]
    )
    if len(profiles) < 3:
        return
    points = [icc(profiles[:, :, at]) for at in range(profiles.shape[2])]
    print(
        f"thickness profile, {len(points)} points: median ICC {np.median(points):.4f}, "
        f"lowest {min(points):.4f} at point {int(np.argmin(points)) + 1}; mean absolute "
        f"difference {np.abs(profiles[:, 0] - profiles[:, 1]).mean():.3f} mm"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of NIfTI pairs")
    parser.add_argument("--model", type=Path, required=True, help="ONNX segmenter")
    parser.add_argument("--split", default="val", help="split of participants.tsv")
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(str(arguments.model)), "cpu")
    pairs = [
        measured_pair(segmenter, labelled)
        for labelled in read_split(arguments.data, arguments.split)
    ]
    known = [pair for pair in pairs if pair is not None]
    print(
        f"{len(pairs)} slices of split {arguments.split}, {len(pairs) - len(known)} not segmented"
    )
    print_table(known)
    print_profile(known)
    trusted = [pair for pair in known if pair.confidence >= SURE]
    print(f"\nof these, {len(trusted)} with a confidence of {SURE} or more")
    print_table(trusted)
    print_profile(trusted)


if __name__ == "__main__":
    run_script(main)
