"""A run of `callosal generate`: ask, sample, check, write, until enough samples have passed."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from callosal.export.devices import Device
from callosal.export.generator_folder import SHAPE_MODEL, GeneratorFolder, Sampling
from callosal.export.generator_runtime import (
    Generator,
    Order,
    open_generator,
    require_sampler,
    sample_pairs,
)
from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_generator, resolve_model
from callosal.models.errors import InputError
from callosal.pipelines.synthesis.checks import (
    MIN_AGREEMENT,
    NEVER_WRITTEN,
    Limits,
    area_range,
    examine,
    measured_shape,
)
from callosal.pipelines.synthesis.copies import TrainingBank, training_bank
from callosal.pipelines.synthesis.given_masks import GivenMasks, find_masks
from callosal.pipelines.synthesis.joint_image import SyntheticSlice, as_slice
from callosal.pipelines.synthesis.manifest import counts, write_summary
from callosal.pipelines.synthesis.pair_files import write_pair
from callosal.pipelines.synthesis.record import Candidate, append, open_record
from callosal.pipelines.synthesis.shape_model import DrawnMasks, ShapeModel
from callosal.pipelines.synthesis.synthetic_series import write_synthetic_series
from callosal.pipelines.synthesis.wishes import Wish, as_network_input, drawn_values, parse_wishes
from callosal.pipelines.training.nifti_pairs import read_split

TRIES_PER_SAMPLE = 4
SPARE_TRIES = 20

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Request:
    """What a user asks `callosal generate` for; see there.

    Attributes:
        count: Samples wanted.
        seed: Seed of the set.
        condition: Wishes as they were typed.
        given_mask: Folder of masks to be dressed with images.
        shape_model: Draw masks from the generator's shape model.
        steps: Stations of the loop; None takes the generator's own.
        guidance: Scale of the guidance; None takes the generator's own.
        sampler: Algorithm; None takes the generator's own.
        batch_size: Samples that are drawn at once.
        dicom: Also write DICOM.
        unfiltered: Write what fails the checks as well.
        training_data: Folder of the slices that samples must not be copies of.
    """

    count: int
    seed: int
    condition: tuple[str, ...]
    given_mask: Path | None
    shape_model: bool
    steps: int | None
    guidance: float | None
    sampler: str | None
    batch_size: int
    dicom: bool
    unfiltered: bool
    training_data: Path | None


@dataclass(frozen=True, eq=False)
class Studio:
    """All that is opened once for a run.

    Attributes:
        generator: Opened generator.
        sampling: Algorithm, steps and guidance.
        wishes: What is asked of all samples.
        masks: Masks to be dressed; None where the generator makes its own.
        limits: What samples are held against.
        request: What the user asked for.
        output: Folder to write into.
    """

    generator: Generator
    sampling: Sampling
    wishes: tuple[Wish, ...]
    masks: GivenMasks | DrawnMasks | None
    limits: Limits
    request: Request
    output: Path


def run_generation(model: str, output: Path, device: Device, request: Request) -> int:
    """Write labelled synthetic scans; see `callosal generate`.

    Returns:
        Exit code: 0 all were written, 2 some, 1 none.

    Raises:
        CallosalError: The generator, an option or the output folder cannot be used.
    """
    studio = _open_studio(model, output, device, request)
    run = _description(studio)
    candidates = open_record(output, run)
    tries = TRIES_PER_SAMPLE * request.count + SPARE_TRIES
    try:
        with _progress() as bar:
            task = bar.add_task("generating", total=request.count, completed=_written(candidates))
            while _written(candidates) < request.count and len(candidates) < tries:
                done = _next_batch(studio, candidates)
                append(output, done)
                candidates += done
                bar.update(task, completed=_written(candidates))
    finally:
        if candidates:
            write_summary(output, run, candidates, request.count)
    return _tell(output, candidates, request.count)


def _open_studio(model: str, output: Path, device: Device, request: Request) -> Studio:
    generator = open_generator(resolve_generator(model), device)
    own = generator.folder.sampling
    sampling = Sampling(
        request.sampler or own.sampler,
        own.steps if request.steps is None else request.steps,
        own.guidance if request.guidance is None else request.guidance,
    )
    if request.guidance is None and not request.condition:
        # What nobody asked for is not to be exaggerated.
        sampling = replace(sampling, guidance=1.0)
    spec = generator.spec
    require_sampler(spec, sampling.sampler)
    masks = _masks(generator.folder, request)
    area_mm2 = None if masks else area_range(spec.conditions)
    limits = Limits(area_mm2, _judge(device), _bank(request.training_data))
    wishes = parse_wishes(request.condition, spec.conditions)
    return Studio(generator, sampling, wishes, masks, limits, request, output)


def _masks(folder: GeneratorFolder, request: Request) -> GivenMasks | DrawnMasks | None:
    if request.given_mask is not None:
        return find_masks(request.given_mask, folder.spec)
    if not request.shape_model:
        return None
    if SHAPE_MODEL not in folder.parts:
        raise InputError(
            f"--shape-model: the generator {folder.name} has none; export it with --data FOLDER",
            code="no_shape_model",
        )
    return DrawnMasks(ShapeModel.from_bytes(folder.parts[SHAPE_MODEL]), request.seed, folder.spec)


def _judge(device: Device) -> Segmenter:
    return open_segmenter(resolve_model(DEFAULT), device)


def _bank(folder: Path | None) -> TrainingBank | None:
    return None if folder is None else training_bank(list(read_split(folder, "train")))


def _description(studio: Studio) -> dict[str, Any]:
    """All that decides the samples; equal descriptions give equal samples."""
    folder, limits, request = studio.generator.folder, studio.limits, studio.request
    judge = limits.segmenter
    return {
        "software": f"callosal {version('callosal')}",
        "model": {
            "name": folder.name,
            "sha256": folder.sha256,
            "training_data": folder.spec.training_data,
        },
        "seed": request.seed,
        "sampling": asdict(studio.sampling),
        "conditions": [asdict(wish) for wish in studio.wishes],
        "masks": studio.masks.description() if studio.masks else "by the generator",
        "checks": {
            "filtered": not request.unfiltered,
            "components": 1,
            "area_mm2": limits.area_mm2,
            "contrast": "callosum brighter than the ring around it",
            "agreement_dice": MIN_AGREEMENT,
            "segmenter": {"name": judge.contract.name, "sha256": judge.sha256},
            "copy": "not checked: no --training-data was given"
            if limits.training is None
            else {
                "correlation_below": round(limits.training.threshold, 4),
                "training_slices": len(limits.training.pictures),
            },
        },
        "dicom": request.dicom,
    }


def _next_batch(studio: Studio, candidates: Sequence[Candidate]) -> list[Candidate]:
    request = studio.request
    missing = request.count - _written(candidates)
    first = len(candidates)
    numbers = range(first, first + min(request.batch_size, missing))
    spec, masks = studio.generator.spec, studio.masks
    channels = np.stack([masks.channel(number) for number in numbers]) if masks else None
    asked = [
        drawn_values(studio.wishes, spec.conditions, request.seed, number) for number in numbers
    ]
    if channels is not None:
        # A mask that is given has its area, length and tilt already.
        asked = [
            {**values, **measured_shape(channel, spec)}
            for values, channel in zip(asked, channels, strict=True)
        ]
    condition, given = as_network_input(asked, spec.conditions)
    order = Order(
        request.seed,
        numbers,
        condition,
        given,
        mask=channels,
    )
    joints = sample_pairs(studio.generator, order, studio.sampling)
    return [
        _finish(studio, number, joint, values, masks.name(number) if masks else None)
        for number, joint, values in zip(numbers, joints, asked, strict=True)
    ]


def _finish(
    studio: Studio, number: int, joint: Array, asked: dict[str, float], given: str | None
) -> Candidate:
    """Check one sample and write it where it may be written."""
    # What is not finite is found by the checks; drawing it must not fail before.
    drawn = as_slice(np.nan_to_num(joint), studio.generator.spec.spacing_mm)
    findings = examine(joint, drawn, studio.generator.spec, studio.limits)
    tolerated = studio.request.unfiltered and not NEVER_WRITTEN & set(findings.reasons)
    if findings.reasons and not tolerated:
        return Candidate(number, None, None, None, asked, given, findings.as_row())
    name = f"sub-{number:06d}"
    _write(studio, name, number, drawn)
    voxels = int(drawn.mask.sum())
    return Candidate(number, name, _digest(drawn), voxels, asked, given, findings.as_row())


def _write(studio: Studio, name: str, number: int, drawn: SyntheticSlice) -> None:
    folder = studio.output / name
    write_pair(folder, name, drawn)
    if studio.request.dicom:
        # Two samples that happen to be equal are two series nevertheless.
        seed = studio.request.seed * 1_000_003 + number
        generator = studio.generator.folder.name
        write_synthetic_series(folder / "dicom", name, drawn, generator, seed)


def _digest(drawn: SyntheticSlice) -> str:
    return hashlib.sha256(drawn.image.tobytes() + drawn.mask.tobytes()).hexdigest()


def _written(candidates: Sequence[Candidate]) -> int:
    return sum(candidate.name is not None for candidate in candidates)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _tell(output: Path, candidates: Sequence[Candidate], count: int) -> int:
    """Say what came out, and turn it into an exit code."""
    totals = counts(candidates, count)
    reasons = ", ".join(f"{name} {number}" for name, number in totals["reasons"].items())
    Console().print(
        f"{totals['written']} of {count} written to {output}, {totals['tried']} tried, "
        f"{100 * totals['yield']:.0f} % passed all checks{f' ({reasons})' if reasons else ''}",
        soft_wrap=True,
        markup=False,
    )
    if totals["written"] >= count:
        return 0
    return 2 if totals["written"] else 1
