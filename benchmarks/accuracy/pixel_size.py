"""Does the pose depend on the pixel size?

    python benchmarks/accuracy/pixel_size.py DATA --split val

Each slice of DATA (NIfTI pairs, 512 pixels of 0.5 mm) is also given in 384 and in 256 pixels of the
same field of view, as a scanner measures it (the low spatial frequencies alone) and as means over
the larger pixels. All are read as `infer` reads a sagittal slice. Printed is how far the final
angle and centre lie from those of the 512 pixels, and the Dice of these with the reference.
"""

import argparse
from pathlib import Path

import numpy as np
from highdicom import Volume

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.arrays import Array
from callosal.pipelines.callosum.segmentation import Callosum, find_callosa
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.slice_bank import evenly_spread
from callosal.pipelines.evaluation.measures import final_roi
from callosal.pipelines.evaluation.overlap import dice
from callosal.pipelines.geometry.plane_angles import axis_difference_deg
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.midplane.sagittal_views import sagittal_candidates

SIZES = (384, 256)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int, help="at most so many slices, evenly spread")
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(arguments.model), "cpu")
    kinds = {"scanned in": band_limited, "means over": averaged}
    moved: dict[str, list[tuple[float, float]]] = {}
    overlaps = []
    slices = list(read_split(arguments.data, arguments.split))
    for labelled in evenly_spread(slices, arguments.limit):
        pixels, fine_mm = labelled.image.astype(float), labelled.spacing_mm[0]
        fine = found(pixels, fine_mm, segmenter)
        overlaps.append(dice(fine.mask > 0, labelled.mask > 0))
        for kind, reduced in kinds.items():
            for size in SIZES:
                picture = reduced(reduced(pixels, size).T, size).T
                coarse = found(picture, fine_mm * len(pixels) / size, segmenter)
                moved.setdefault(f"{kind} {size} pixels", []).append(difference(coarse, fine))
    print(f"{len(overlaps)} slices, mean Dice at 512 pixels {np.mean(overlaps):.4f}\n")
    print("| | angle, deg: mean | 95 % | largest | over 0.1 | centre, mm: mean | largest |")
    print("|---|---|---|---|---|---|---|")
    for kind, pairs in moved.items():
        angle, center = np.array(pairs).T
        print(
            f"| {kind} | {angle.mean():.3f} | {np.percentile(angle, 95):.3f} | {angle.max():.3f} "
            f"| {(angle > 0.1).sum()} | {center.mean():.3f} | {center.max():.3f} |"
        )


def found(pixels: Array, pixel_mm: float, segmenter: Segmenter) -> Callosum:
    """The callosum of a picture, read as a sagittal series of one slice is."""
    middle = (np.array(pixels.shape) - 1) / 2 * pixel_mm
    affine = np.eye(4)
    affine[:3] = [[-1, 0, 0, 0], [0, 0, pixel_mm, -middle[1]], [0, -pixel_mm, 0, middle[0]]]
    volume = Volume(pixels[None].clip(0).astype(np.float32), affine, "PATIENT")
    (callosum,) = find_callosa(sagittal_candidates(volume), segmenter)
    if callosum is None:
        raise SystemExit("a slice shows no callosum: there is nothing to compare")
    return callosum


def difference(one: Callosum, other: Callosum) -> tuple[float, float]:
    """Angle in degrees and distance of the centres in mm of two final ROIs."""
    rois: list[RotatedBox] = [final_roi(c.component, c.slice_image).roi for c in (one, other)]
    centers = [
        c.slice_image.mm_to_lps(roi.center_mm) for c, roi in zip((one, other), rois, strict=True)
    ]
    angle_deg = axis_difference_deg(rois[0].angle_deg, rois[1].angle_deg)
    return abs(angle_deg), float(np.linalg.norm(centers[0] - centers[1]))


def band_limited(lines: Array, size: int) -> Array:
    """Rows with only the spatial frequencies that `size` samples hold, at the middles of these."""
    count = len(lines)
    order = np.fft.fftfreq(count) * count
    kept = np.abs(order) < size / 2
    at = (np.arange(size) + 0.5) * count / size - 0.5
    waves = np.exp(2j * np.pi * np.outer(at, order[kept]) / count) / count
    return np.asarray((waves @ np.fft.fft(lines, axis=0)[kept]).real)


def averaged(lines: Array, size: int) -> Array:
    """Rows as means over `size` equal parts of the length."""
    total = np.concatenate([np.zeros((1, lines.shape[1])), np.cumsum(lines, axis=0)])
    edges = np.linspace(0, len(lines), size + 1)
    low = np.minimum(edges.astype(int), len(lines) - 1)
    up_to = total[low] + (edges - low)[:, None] * lines[low]
    return np.asarray(np.diff(up_to, axis=0) * size / len(lines))


if __name__ == "__main__":
    run_script(main)
