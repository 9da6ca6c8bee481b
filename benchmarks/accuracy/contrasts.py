"""Do other contrasts of an exam give the plan of its T1?

    python benchmarks/accuracy/contrasts.py HEADS --exams ms04a old08 [--motion FOLDER] [--model M]

HEADS holds NIfTI files and heads.tsv (columns name, exam, contrast). The T1 of an exam is the
reference. EXAM_T1w-to-FLAIR.txt (ITK, from points of the FLAIR to those of the T1), T2w-to-FLAIR
and T1w-to-T2w hold how the patient moved between the series; that is taken out. They lie in HEADS
or in the folder --motion, where benchmarks/release/exam_motion.py writes them. Every series is
counted, refused ones too. Dice and area compare the mask with that of the T1 on the T1's
midsagittal plane.
"""

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from highdicom import Volume

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.arrays import Array
from callosal.pipelines.callosum.segmentation import best_callosum, find_callosa
from callosal.pipelines.case.process import Outcome, process_volume
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.midplane.sagittal_slice import NativePlane, cut_slice
from callosal.pipelines.reading.nifti import read_nifti
from callosal.pipelines.reading.repeated_slices import without_repeats
from callosal.pipelines.settings import Settings
from callosal.pipelines.training.slab_folder import itk_matrix

SURELY_WRONG_DEG = 4.0


@dataclass(frozen=True)
class Row:
    """One series beside the T1 of its exam; None where there is no plan to compare."""

    name: str
    contrast: str
    status: str
    confidence: float
    reasons: tuple[str, ...]
    transverse_deg: float | None
    sagittal_deg: float | None
    center_mm: float | None
    dice: float | None
    area_ratio: float | None


Motions = Mapping[tuple[str, str], Array]
"""Matrices from LPS mm of one series to those of another, by (to, from)."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("heads", type=Path)
    parser.add_argument("--exams", nargs="*", help="only these; all without it")
    parser.add_argument("--motion", type=Path, help="folder of more motions than HEADS holds")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--output", type=Path, help="JSON file to write")
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(arguments.model), "cpu")
    with (arguments.heads / "heads.tsv").open(newline="", encoding="utf-8") as stream:
        listed = list(csv.DictReader(stream, delimiter="\t"))
    exams = dict.fromkeys(row["exam"] for row in listed)
    rows = [
        row
        for exam in exams
        if not arguments.exams or exam in arguments.exams
        for row in exam_rows(
            arguments.heads,
            [one for one in listed if one["exam"] == exam],
            exam_motions(exam, [arguments.heads, *filter(None, [arguments.motion])]),
            segmenter,
        )
    ]
    print_table(rows)
    if arguments.output is not None:
        text = json.dumps([vars(row) for row in rows], indent=1)
        arguments.output.write_text(text, encoding="utf-8")


def exam_motions(exam: str, folders: Sequence[Path]) -> Motions:
    """Matrices between the series of an exam, by (to, from), as far as known: LPS mm."""
    return {
        (to, fro): itk_matrix(path)
        for to, fro in (("T1w", "FLAIR"), ("T2w", "FLAIR"), ("T1w", "T2w"))
        for path in (folder / f"{exam}_{to}-to-{fro}.txt" for folder in folders)
        if path.is_file()
    }


def exam_rows(
    folder: Path,
    listed: list[dict[str, str]],
    motions: Motions,
    segmenter: Segmenter,
) -> list[Row]:
    """Every series of one exam beside its T1."""
    outcomes = {}
    for one in listed:
        volume = without_repeats(read_nifti(folder / f"{one['name']}.nii.gz"))
        outcomes[one["name"]] = (volume, _plan(volume, segmenter))
    references = [one["name"] for one in listed if one["contrast"].startswith("T1w")]
    reference = outcomes[references[0]][1] if references else None
    return [
        _row(one, *outcomes[one["name"]], reference, _motion(one, motions), segmenter)
        for one in listed
    ]


def _plan(volume: Volume, segmenter: Segmenter) -> Outcome:
    return process_volume(volume, segmenter, Settings(), {})


def _motion(one: dict[str, str], motions: Motions) -> Array:
    """Matrix from LPS mm of a series to those of the exam's T1."""
    contrast = one["contrast"]
    if ("T1w", contrast) in motions:
        return motions["T1w", contrast]
    if {("T1w", "FLAIR"), (contrast, "FLAIR")} <= motions.keys():
        inverse = np.linalg.inv(motions[contrast, "FLAIR"])
        return np.asarray(motions["T1w", "FLAIR"] @ inverse, float)
    return np.eye(4)


def _row(
    one: dict[str, str],
    volume: Volume,
    outcome: Outcome,
    reference: Outcome | None,
    motion: Array,
    segmenter: Segmenter,
) -> Row:
    document = outcome.document
    angles: tuple[float | None, float | None, float | None] = (None, None, None)
    overlap: tuple[float | None, float | None] = (None, None)
    if reference is not None and reference.pose is not None:
        if outcome.pose is not None:
            angles = _differences(document, reference.document, motion)
        overlap = _overlap(volume, reference, np.asarray(np.linalg.inv(motion), float), segmenter)
    return Row(
        one["name"],
        one["contrast"],
        document["status"],
        document["confidence"],
        tuple(document["reasons"]),
        *angles,
        *overlap,
    )


def _differences(
    own: dict[str, Any], reference: dict[str, Any], motion: Array
) -> tuple[float, float, float]:
    """Angles between transverse and between sagittal planes in degrees, and between centres, mm."""

    def normal(document: dict[str, Any], name: str) -> Array:
        cosines = np.array(document["planes"][name]["image_orientation_patient"])
        return np.cross(cosines[:3], cosines[3:])

    # The transforms are affine; directions take their rotation alone.
    left, _, right = np.linalg.svd(motion[:3, :3])
    rotation = left @ right

    def degrees(name: str) -> float:
        cosine = abs(normal(reference, name) @ (rotation @ normal(own, name)))
        return float(np.degrees(np.arccos(min(cosine, 1.0))))

    center = motion[:3, :3] @ np.array(own["final"]["center_lps_mm"]) + motion[:3, 3]
    off = center - np.array(reference["final"]["center_lps_mm"])
    return degrees("transverse"), degrees("sagittal"), float(np.linalg.norm(off))


def _overlap(
    volume: Volume, reference: Outcome, to_own: Array, segmenter: Segmenter
) -> tuple[float, float]:
    """Dice with the T1's mask and ratio of the areas, on the T1's plane."""
    callosum = reference.callosum
    assert callosum is not None  # there is a pose
    place = callosum.slice_image
    point = to_own[:3, :3] @ place.center_lps_mm + to_own[:3, 3]
    normal = to_own[:3, :3] @ place.normal
    plane = NativePlane(point, normal / np.linalg.norm(normal))
    found = best_callosum(find_callosa([cut_slice(volume, plane)], segmenter))
    if found is None:
        return 0.0, 0.0
    index = np.moveaxis(np.indices(found.mask.shape), 0, -1)
    to_t1 = np.linalg.inv(to_own)
    points = found.slice_image.pixels_to_lps(index) @ to_t1[:3, :3].T + to_t1[:3, 3]
    at = np.rint(place.mm_to_pixels(place.lps_to_mm(points))).astype(int)
    inside = ((at >= 0) & (at < callosum.mask.shape)).all(axis=-1)
    truth = np.zeros(found.mask.shape, bool)
    truth[inside] = callosum.mask[tuple(at[inside].T)] > 0
    shared = float((truth & (found.mask > 0)).sum())
    return 2 * shared / float(truth.sum() + found.mask.sum()), float(
        found.facts.area_mm2 / callosum.facts.area_mm2
    )


def print_table(rows: list[Row]) -> None:
    print("| series | contrast | status | transverse | sagittal | centre | Dice | area |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        numbers = [
            "" if value is None else f"{value:.2f}{unit}"
            for value, unit in (
                (row.transverse_deg, " deg"), (row.sagittal_deg, " deg"), (row.center_mm, " mm"),
                (row.dice, ""), (row.area_ratio, ""),
            )
        ]  # fmt: skip
        doubts = f" {row.confidence:.2f} {' '.join(row.reasons)}" if row.status != "ok" else ""
        print(f"| {row.name} | {row.contrast} | {row.status}{doubts} | {' | '.join(numbers)} |")
    print(
        "\n| contrast | n | ok | transverse mean / 95 % | centre mean | Dice mean | wrong and ok |"
    )
    print("|---|---|---|---|---|---|---|")
    for contrast in dict.fromkeys(row.contrast for row in rows):
        own = [row for row in rows if row.contrast == contrast]
        ok = [row for row in own if row.status == "ok" and row.transverse_deg is not None]
        degrees = [row.transverse_deg for row in ok if row.transverse_deg is not None] or [np.nan]
        centers = [row.center_mm for row in ok if row.center_mm is not None] or [np.nan]
        dices = [row.dice for row in own if row.dice is not None] or [np.nan]
        wrong = sum(value > SURELY_WRONG_DEG for value in degrees)
        print(
            f"| {contrast} | {len(own)} | {sum(row.status == 'ok' for row in own)} "
            f"| {np.mean(degrees):.2f} / {np.percentile(degrees, 95):.2f} deg "
            f"| {np.mean(centers):.2f} mm | {np.mean(dices):.3f} | {wrong} |"
        )


if __name__ == "__main__":
    run_script(main)
