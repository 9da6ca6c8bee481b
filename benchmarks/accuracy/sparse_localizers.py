"""Is a plan from a sparse localizer right, or does it say that it is in doubt?

    python benchmarks/accuracy/sparse_localizers.py --heads ENHANCED_T1 --phantoms 0 1 2

Localizers are cut from whole heads: sagittal slices 8.5 to 20 mm apart, thin or 5 mm thick, from
three to as many as the head holds, turned and shifted at random. A plan is wrong when its slice
lies 12 mm or more off the head's own midline (as in refusal.py), right up to 4 mm. Each localizer
is judged twice: by the pictures alone, and with the doubt about the midline.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from highdicom import Volume
from scipy.spatial.transform import Rotation

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.callosum.quality import SURE
from callosal.pipelines.callosum.segmentation import Callosum, best_callosum, find_callosa
from callosal.pipelines.case.off_midline import doubted_off_midline
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.midplane.midsagittal import MidsagittalPlane, find_midsagittal_plane
from callosal.pipelines.midplane.sagittal_slice import NativePlane, cut_slices
from callosal.pipelines.midplane.sagittal_views import views
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.phantom.demo_head import mni152_head
from callosal.pipelines.reading.cases import find_cases

KINDS = ((3, 10.0), (3, 20.0), (5, 12.0), (7, 15.0), (9, 20.0), (15, 8.5), (15, 12.0), (12, 15.0))
WRONG_MM, RIGHT_MM = 12.0, 4.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--heads", type=Path, nargs="*", default=[], help="DICOM or NIfTI")
    parser.add_argument("--phantoms", type=int, nargs="*", default=[], help="their seeds")
    parser.add_argument("--turns", type=int, default=2, help="localizers of each kind and head")
    parser.add_argument("--model", default=DEFAULT)
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(arguments.model), "cpu")
    heads = {"MNI152": mni152_head().volume}
    heads |= {f"{path.name} {i}": case.load() for path in arguments.heads
              for i, case in enumerate(find_cases([path]).cases)}  # fmt: skip
    heads |= {f"phantom {seed}": phantom_head(seed).volume for seed in arguments.phantoms}
    before, after = Counter[str](), Counter[str]()
    for name, head in heads.items():
        plane = find_midsagittal_plane(head)
        for seed in range(arguments.turns):
            for count, gap_mm in KINDS:
                volume = localizer(head, plane, count, gap_mm, seed)
                for found, told in zip(plans(volume, segmenter), (before, after), strict=True):
                    told[answer(found, plane)] += 1
                    print(f"{name} {count} x {gap_mm:g} mm, {seed}: {words(found, plane)}")
    print("\n| plan | pictures alone | with the midline |\n|---|---|---|")
    for kind in sorted(before.keys() | after.keys()):
        print(f"| {kind} | {before[kind]} | {after[kind]} |")


def localizer(
    head: Volume, plane: MidsagittalPlane, count: int, gap_mm: float, seed: int
) -> Volume:
    """Slices of a head, turned up to 10 degrees, their middle up to a gap off the midline."""
    draw = np.random.default_rng((seed, count, int(gap_mm)))
    yaw_roll_deg = draw.uniform(-10, 10, 2)
    normal = Rotation.from_euler("yz", yaw_roll_deg, degrees=True).apply(plane.normal)
    offsets_mm = (np.arange(count) - (count - 1) / 2) * gap_mm + draw.uniform(-gap_mm, gap_mm)
    turned = NativePlane(plane.point_lps_mm, normal)
    slices = cut_slices(head, turned, offsets_mm.tolist(), 1.0, 256.0, draw.choice([0.0, 5.0]))
    affine = slices[0].affine_lps[:, [2, 0, 1, 3]]
    affine[:3, 0] *= gap_mm
    return Volume(np.stack([one.pixels for one in slices]), affine, "PATIENT")


def plans(volume: Volume, segmenter: Segmenter) -> tuple[Callosum | None, Callosum | None]:
    """What is taken for the callosum by the pictures alone, and with the midline."""
    seen = views(volume, segmenter.contract.spacing_mm)
    found = find_callosa(seen.slices, segmenter)
    return best_callosum(found), best_callosum(doubted_off_midline(found, seen))


def off_mm(callosum: Callosum, plane: MidsagittalPlane) -> float:
    center_lps_mm = callosum.slice_image.mm_to_lps(callosum.box.center_mm)
    return float((center_lps_mm - plane.point_lps_mm) @ plane.normal)


def answer(callosum: Callosum | None, plane: MidsagittalPlane) -> str:
    if callosum is None or callosum.quality.confidence < SURE:
        return "none, or in doubt"
    distance_mm = abs(off_mm(callosum, plane))
    if distance_mm >= WRONG_MM:
        return "ok and wrong (12 mm off or more)"
    return "ok and right (up to 4 mm)" if distance_mm <= RIGHT_MM else "ok, between"


def words(callosum: Callosum | None, plane: MidsagittalPlane) -> str:
    if callosum is None:
        return "none"
    quality = callosum.quality
    return f"{off_mm(callosum, plane):+.1f} mm, {quality.confidence:.2f} {quality.reasons}"


if __name__ == "__main__":
    run_script(main)
