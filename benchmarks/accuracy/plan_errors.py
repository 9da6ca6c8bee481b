r"""How far plans lie from where they should, with the facts that foretell it: JSON lines.

    python benchmarks/accuracy/plan_errors.py HEADS --motion MOTION --slices ABIDE \
        --output plan_errors.jsonl

HEADS holds NIfTI files, heads.tsv and the motions of its exams; MOTION holds those that
benchmarks/release/exam_motion.py found. TRAIN are the exams on which a network was trained, VAL
those of its validation, the rest those of the test. Each head is turned by up to 20 degrees about
every axis and shifted, then read as a volume, as thick slices, as a localizer or as its sagittal
slices alone, with a bias field and noise; T1 heads also with the contrast of T2, FLAIR and proton
density. The reference is the plan of the exam's T1 (or IR) as it is, moved along; series without
one are left out. Of ABIDE's slices it is the mask that people checked. Rows that are there already
are not made again, so a stopped run goes on.
"""

import argparse
import csv
import json
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from highdicom import Volume
from scipy import ndimage

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.arrays import Array
from callosal.models.errors import CallosalError
from callosal.pipelines.callosum.segmentation import Callosum, find_callosa
from callosal.pipelines.case.process import Outcome, process_volume
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.slice_bank import evenly_spread
from callosal.pipelines.error_bars.picture_noise import picture_noise
from callosal.pipelines.evaluation.measures import final_roi
from callosal.pipelines.evaluation.posed import posed
from callosal.pipelines.evaluation.weightings import WEIGHTINGS, Weighting, reweighted_head
from callosal.pipelines.geometry.plane_angles import axis_difference_deg
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.midplane.localizer_volumes import Images, LocalizerVolumes
from callosal.pipelines.phantom.localizer_series import LocalizerProtocol, acquire_localizer
from callosal.pipelines.phantom.reference_pose import ReferencePose, RigidMotion
from callosal.pipelines.reading.nifti import read_nifti
from callosal.pipelines.reading.repeated_slices import without_repeats
from callosal.pipelines.settings import Settings
from callosal.pipelines.training.slab_folder import itk_matrix

TRAIN = {f"old{n:02}" for n in range(1, 6)} | {f"stripped{n}_T1w" for n in range(1000, 1007)}
TRAIN |= {"ms01a"}
VAL = {"old06", "old07", "stripped1007_T1w", "stripped1008_T1w", "ms01b"}

DRAWS = {
    ("calibration", "T1w"): {"volume": 3, "thick": 3, "localizer": 5, "sagittal": 2},
    ("calibration", "other"): {"volume": 2, "thick": 2, "localizer": 3},
    ("calibration", "simulated"): {"volume": 3, "thick": 3, "localizer": 3},
    ("test", "T1w"): {"volume": 2, "thick": 2, "localizer": 4, "sagittal": 1},
    ("test", "other"): {"volume": 2, "thick": 2, "localizer": 2},
    ("test", "simulated"): {"volume": 3, "thick": 3, "localizer": 3},
}
"""How often a series is read in each way."""

TILT_DEG, SHIFT_MM, BIAS = 20.0, 15.0, 0.3
LEAST_NOISE = 0.005
MOST_NOISE = {"volume": 0.1, "thick": 0.1, "localizer": 0.05, "sagittal": 0.05}
"""Range of the noise as a share of the bright tissue: even in its logarithm."""

FIELD_MM = np.array([190.0, 230.0, 230.0])
MOST_SAMPLES = 3
"""Samples over the thickness of a slice at most: each is a mean of neighbours already."""

SHOWN_AS = ("T2-like", "FLAIR-like", "proton-density-like")
JITTER = 0.12
"""How far the intensity of each tissue is drawn around that of the weighting, as a share."""

REFERENCES = ("T1w", "T1w+Gd", "IR")
"""Contrasts whose plan is taken for the truth: the network outlines a bright callosum well."""

COARSE_MM = 2.5
"""A series with coarser voxels is not resampled finer than it is: it is turned in its header."""

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Series:
    """One series of a head with the poses that its plans are held against."""

    name: str
    exam: str
    contrast: str
    volume: Volume
    reference: ReferencePose
    by_itself: bool
    shown_as_others: Callosum | None = None
    """Given where it is shown with the contrasts of other weightings."""

    @property
    def split(self) -> str:
        """Whose heads it belongs to."""
        return "train" if self.exam in TRAIN else "val" if self.exam in VAL else "test"

    @property
    def draws(self) -> Mapping[str, int]:
        """How often it is read in each way."""
        is_t1 = self.contrast.startswith("T1w")
        group = "simulated" if self.shown_as_others else "T1w" if is_t1 else "other"
        return DRAWS["test" if self.split == "test" else "calibration", group]

    def seen(self, turn: int, rng: np.random.Generator) -> tuple[str, Volume]:
        """Contrast and pixels of a reading: simulated contrasts follow each other."""
        if self.shown_as_others is None:
            return self.contrast, self.volume
        name = SHOWN_AS[(turn + zlib.crc32(self.exam.encode())) % len(SHOWN_AS)]
        tissues = np.array(list(vars(WEIGHTINGS[name]).values()))
        drawn = Weighting(*(tissues * rng.uniform(1 - JITTER, 1 + JITTER, len(tissues))))
        return name, reweighted_head(self.volume, self.shown_as_others, drawn)


@dataclass(frozen=True)
class Reading:
    """How a series is read once more."""

    images: Images
    facts: Mapping[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("heads", type=Path)
    parser.add_argument("--slices", type=Path, help="NIfTI pairs with their splits")
    parser.add_argument("--motion", type=Path, help="folder of more motions than HEADS holds")
    parser.add_argument("--minutes", type=float, default=35.0)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(arguments.model), "cpu", threads=1)
    done = read_done(arguments.output)
    end = time.monotonic() + 60 * arguments.minutes
    rows = of_heads(arguments.heads, arguments.motion, segmenter, done)
    with arguments.output.open("a", encoding="utf-8") as stream:
        if arguments.slices is not None:
            for row in of_slices(arguments.slices, segmenter, done):
                stream.write(json.dumps(row) + "\n")
                stream.flush()
        for row in rows:
            stream.write(json.dumps(row) + "\n")
            stream.flush()
            if time.monotonic() > end:
                print("stopped by --minutes; run it again to go on")
                return


def read_done(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    return {json.loads(line)["case"] for line in path.read_text(encoding="utf-8").splitlines()}


def of_heads(
    folder: Path, motion: Path | None, segmenter: Segmenter, done: set[str]
) -> Iterator[Row]:
    """Rows of every series, one reading of each in turn, so that a stopped run is balanced."""
    found = list(read_series(folder, motion, segmenter))
    wanted = [
        ((turn + 0.5) / draws, turn, number, kind)
        for number, one in enumerate(found)
        for kind, draws in one.draws.items()
        for turn in range(draws)
    ]
    for _, turn, number, kind in sorted(wanted):
        one = found[number]
        name = f"{one.name}{' simulated' if one.shown_as_others else ''} {kind} {turn}"
        if name not in done:
            yield row_of(name, one, kind, turn, segmenter)


def read_series(folder: Path, motion: Path | None, segmenter: Segmenter) -> Iterator[Series]:
    """The series of each exam that has a reference, and its T1 once more with other contrasts."""
    with (folder / "heads.tsv").open(newline="", encoding="utf-8") as stream:
        listed = list(csv.DictReader(stream, delimiter="\t"))
    exams: dict[str, ReferencePose] = {}
    for one in sorted(listed, key=lambda row: row["contrast"] not in REFERENCES):
        name, exam, contrast = one["name"], one["exam"], one["contrast"]
        volume = without_repeats(read_nifti(folder / f"{name}.nii.gz"))
        if exam in exams:
            to_own = np.asarray(np.linalg.inv(to_reference([folder, motion], one)), float)
            yield Series(name, exam, contrast, volume, moved(exams[exam], to_own), False)
            continue
        if contrast not in REFERENCES:
            print(f"{name}: left out, its exam has no T1")
            continue
        outcome = process_volume(volume, segmenter, Settings(), {})
        if outcome.document["status"] != "ok":
            print(f"{name}: left out, {outcome.document['reasons']}")
            continue
        exams[exam] = pose_of(outcome.document)
        yield Series(name, exam, contrast, volume, exams[exam], True)
        if contrast == "T1w":
            yield Series(name, exam, contrast, volume, exams[exam], True, outcome.callosum)


def to_reference(folders: Sequence[Path | None], one: Mapping[str, str]) -> Array:
    """Matrix from LPS mm of a series to those of the exam's T1; still where it is not known."""

    def motion(to: str, fro: str) -> Array | None:
        name = f"{one['exam']}_{to}-to-{fro}.txt"
        found = [folder / name for folder in folders if folder and (folder / name).is_file()]
        return itk_matrix(found[0]) if found else None

    contrast = one["contrast"]
    direct, flair, beside = (
        motion("T1w", contrast), motion("T1w", "FLAIR"), motion(contrast, "FLAIR"),
    )  # fmt: skip
    if direct is not None:
        return direct
    if flair is None or beside is None:
        return np.eye(4)
    return np.asarray(flair @ np.linalg.inv(beside), float)


def pose_of(document: Mapping[str, Any]) -> ReferencePose:
    place, final = document["midsagittal"], document["final"]
    turn = np.radians(final["angle_deg"])
    axis = -np.cos(turn) * np.array(place["row_dir"]) - np.sin(turn) * np.array(place["col_dir"])
    return ReferencePose(np.array(final["center_lps_mm"]), axis, np.array(place["normal"]))


def moved(pose: ReferencePose, matrix: Array) -> ReferencePose:
    left, _, right = np.linalg.svd(matrix[:3, :3])
    turn = left @ right
    center = matrix[:3, :3] @ pose.center_lps_mm + matrix[:3, 3]
    return ReferencePose(center, turn @ pose.axis, turn @ pose.normal)


def row_of(name: str, one: Series, kind: str, turn: int, segmenter: Segmenter) -> Row:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    middle = np.asarray(one.volume.center_position)
    pitch, yaw, roll = rng.uniform(-TILT_DEG, TILT_DEG, 3)
    shift_mm = rng.uniform(-SHIFT_MM, SHIFT_MM, 3)
    motion = RigidMotion.of_angles(pitch, yaw, roll, middle, shift_mm)
    contrast, head = one.seen(turn, rng)
    there = Volume(head.array, motion.matrix @ head.affine, "PATIENT")
    reading = read_again(there, kind, middle, rng)
    row = {
        "case": name, "exam": one.exam, "split": one.split, "contrast": contrast,
        "read_as": kind, "own_reference": one.by_itself, **reading.facts,
        "own_mm": float(max(one.volume.spacing)),
    }  # fmt: skip
    try:
        outcome = process_volume(reading.images, segmenter, Settings(), {})
    except CallosalError as fault:
        return {**row, "status": "failed", "reasons": [fault.code], "errors": None}
    return {
        **row,
        **facts_of(outcome, reading.images),
        "errors": errors_of(outcome.document, one.reference.moved(motion)),
    }


def read_again(head: Volume, kind: str, about_lps_mm: Array, rng: np.random.Generator) -> Reading:
    noise = float(np.exp(rng.uniform(np.log(LEAST_NOISE), np.log(MOST_NOISE[kind]))))
    if kind in ("localizer", "sagittal"):
        sagittal, coronal, axial = (int(n) for n in rng.integers((5, 3, 3), 12))
        counts = (sagittal, coronal, axial) if kind == "localizer" else (sagittal, 0, 0)
        thickness = float(rng.uniform(4, 8))
        protocol = LocalizerProtocol(
            counts,
            thickness,
            thickness * float(rng.uniform(1.0, 1.5)),
            float(rng.choice([1.0, 1.4])),
            noise=noise,
        )
        stacks = acquire_localizer(head, protocol, about_lps_mm, int(rng.integers(1 << 31)))
        facts = {"noise": protocol.noise, "apart_mm": protocol.distance_mm, "slices": counts}
        return Reading(stacks[0] if kind == "sagittal" else LocalizerVolumes(stacks), facts)
    if max(head.spacing) > COARSE_MM:
        pixels = scanned(head.array.astype(np.float32), noise, rng)
        facts = {"noise": noise, "apart_mm": float(max(head.spacing)), "resampled": False}
        return Reading(Volume(pixels, head.affine, "PATIENT"), facts)
    axes = [((0, 1, 0), (0, 0, -1)), ((1, 0, 0), (0, 0, -1)), ((1, 0, 0), (0, 1, 0))]
    along, down = np.array(axes[rng.integers(3)], float)
    apart = float(rng.choice([1.0, 1.2, 1.5, 2.0]) if kind == "volume" else rng.uniform(3, 6.5))
    spacing = np.array([apart, *[float(rng.uniform(1.0, 1.5))] * 2])
    spacing = np.maximum(spacing, min(max(head.spacing), 2.0))
    affine = np.eye(4)
    affine[:3, :3] = np.stack([np.cross(along, down), down, along], axis=1) * spacing
    shape = np.ceil(FIELD_MM / spacing).astype(int)
    affine[:3, 3] = about_lps_mm - affine[:3, :3] @ ((shape - 1) / 2)
    facts = {"noise": noise, "apart_mm": float(spacing[0]), "resampled": True}
    pixels = scanned(sampled(head, affine, shape), noise, rng)
    return Reading(Volume(pixels, affine, "PATIENT"), facts)


def sampled(head: Volume, affine: Array, shape: np.ndarray) -> np.ndarray:
    """The head on a grid, each voxel the mean over its thickness."""
    thick = float(np.linalg.norm(affine[:3, 0]))
    depth = min(MOST_SAMPLES, max(1, round(thick / float(min(head.spacing)))))
    fine = affine.copy()
    fine[:3, 0] /= depth
    fine[:3, 3] -= fine[:3, 0] * (depth - 1) / 2
    to_voxel = np.linalg.inv(head.affine) @ fine
    values = ndimage.affine_transform(
        head.array.astype(np.float32), to_voxel[:3, :3], to_voxel[:3, 3],
        (int(shape[0]) * depth, int(shape[1]), int(shape[2])), order=1,
    )  # fmt: skip
    return np.asarray(values.reshape(shape[0], depth, shape[1], shape[2]).mean(axis=1))


def scanned(values: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """With a bias field and Rician noise."""
    grid = np.meshgrid(*(np.linspace(-1, 1, n) for n in values.shape), indexing="ij", sparse=True)
    slope = rng.uniform(-BIAS, BIAS, 3)
    field = np.exp(sum(s * g for s, g in zip(slope, grid, strict=True)))
    top = float(np.percentile(values, 99))
    signal = (values / top * field).astype(np.float32)
    real = signal + noise * rng.standard_normal(values.shape, np.float32)
    unreal = noise * rng.standard_normal(values.shape, np.float32)
    return np.asarray(np.hypot(real, unreal) * 1000, dtype=np.float32)


def facts_of(outcome: Outcome, images: Images) -> Row:
    """What a plan says of itself, less its geometry."""
    document, callosum, plane = outcome.document, outcome.callosum, outcome.seen.plane
    whole = images.sagittal[0] if isinstance(images, LocalizerVolumes) else images
    kept = ("status", "confidence", "reasons", "dof_estimated", "uncertainty", "finding")
    return {
        **{name: document[name] for name in kept},
        "voxel_mm": None if callosum is None else list(callosum.slice_image.voxel_mm),
        "spacing_mm": [float(value) for value in whole.spacing],
        "n_slices": [list(stack.spatial_shape) for stack in getattr(images, "stacks", [images])],
        "symmetry": None if plane is None else float(plane.symmetry),
        "agreement": None if outcome.pose is None else outcome.pose.agreement,
        "quality": None if callosum is None else callosum.quality.confidence,
        "mask": None if callosum is None else numbers_of(callosum.facts),
        "is_bright": None if callosum is None else callosum.is_bright,
        "picture_noise": picture_noise(images),
    }


def numbers_of(facts: Any) -> Row:
    return {
        name: float(value)
        for name, value in vars(facts).items()
        if isinstance(value, (int, float, np.number))
    }


def errors_of(document: Mapping[str, Any], truth: ReferencePose) -> Row | None:
    """Signed angle, angle of the planes, and the centre's shift along the axes of the truth."""
    if document["planes"] is None:
        return None
    place, found = document["midsagittal"], pose_of(document)
    shift = found.center_lps_mm - truth.center_lps_mm
    up = np.cross(truth.axis, truth.normal)
    return {
        "angle_deg": truth.angle_error_deg(
            document["final"]["angle_deg"], place["row_dir"], place["col_dir"]
        ),
        "plane_deg": truth.plane_error_deg(place["normal"]),
        "center_mm": [float(shift @ axis) for axis in (truth.axis, up, truth.normal)],
    }


def of_slices(folder: Path, segmenter: Segmenter, done: set[str]) -> Iterator[Row]:
    """Single midsagittal slices, each in a random pose, against the masks that people checked."""
    for split, limit in (("val", None), ("test", 60)):
        for seed, labelled in enumerate(evenly_spread(list(read_split(folder, split)), limit)):
            name = f"{labelled.name} slice"
            if name in done:
                continue
            one = posed(labelled, seed)
            place = on_slice(one.image.astype(np.float32), one.spacing_mm)
            (found,) = find_callosa([place], segmenter)
            row = {"case": name, "exam": labelled.name, "split": split, "read_as": "slice",
                   "contrast": "T1w"}  # fmt: skip
            if found is None:
                yield {**row, "status": "no_callosum", "errors": None}
                continue
            roi = final_roi(found.component, place).roi
            truth = final_roi(one.mask, place).roi
            shift = np.subtract(roi.center_mm, truth.center_mm)
            yield {
                **row,
                "status": "ok" if found.quality.confidence >= 0.5 else "low_confidence",
                "confidence": found.quality.confidence,
                "reasons": list(found.quality.reasons),
                "mask": numbers_of(found.facts),
                "errors": {
                    "angle_deg": axis_difference_deg(roi.angle_deg, truth.angle_deg),
                    "plane_deg": None,
                    "center_mm": [float(shift[0]), float(shift[1]), 0.0],
                },
            }


if __name__ == "__main__":
    run_script(main)
