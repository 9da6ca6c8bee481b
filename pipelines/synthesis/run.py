"""A run of `callosal generate`: ask, sample, check, write, until enough samples have passed."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from callosal.export.devices import Device
from callosal.export.generator_sampling import Order, sample_pairs
from callosal.pipelines.datasets.pair_files import write_pair
from callosal.pipelines.outputs.exit_code import exit_code
from callosal.pipelines.synthesis.checks import (
    NEVER_WRITTEN,
    examine,
    measured_shape,
)
from callosal.pipelines.synthesis.generation_session import (
    GenerationRequest,
    GenerationSession,
    description,
    open_generation,
)
from callosal.pipelines.synthesis.joint_image import SyntheticSlice, as_slice
from callosal.pipelines.synthesis.manifest import counts, write_summary
from callosal.pipelines.synthesis.record import Candidate, append, open_record
from callosal.pipelines.synthesis.synthetic_series import write_synthetic_series
from callosal.pipelines.synthesis.wanted_ranges import as_network_input, drawn_values

TRIES_PER_SAMPLE = 4
SPARE_TRIES = 20
GIVEN_UP = (
    f"; given up after {TRIES_PER_SAMPLE} tries a sample and {SPARE_TRIES} more, --unfiltered "
    "writes what fails too"
)

Array = NDArray[np.float32]


def run_generation(model: str, output: Path, device: Device, request: GenerationRequest) -> int:
    """Write labelled synthetic scans; see `callosal generate`.

    Returns:
        Exit code: 0 all were written, 2 some, 1 none.

    Raises:
        CallosalError: The generator, an option or the output folder cannot be used.
    """
    session = open_generation(model, output, device, request)
    run = description(session)
    candidates = open_record(output, run)
    tries = TRIES_PER_SAMPLE * request.count + SPARE_TRIES
    try:
        with _progress() as bar:
            task = bar.add_task("generating", total=request.count, completed=_written(candidates))
            while _written(candidates) < request.count and len(candidates) < tries:
                done = _next_batch(session, candidates)
                append(output, done)
                candidates += done
                bar.update(task, completed=_written(candidates))
    finally:
        if candidates:
            write_summary(output, run, candidates, request.count)
    return _tell(output, candidates, request.count)


def _next_batch(session: GenerationSession, candidates: Sequence[Candidate]) -> list[Candidate]:
    request = session.request
    missing = request.count - _written(candidates)
    first = len(candidates)
    numbers = range(first, first + min(request.batch_size, missing))
    spec, masks = session.generator.spec, session.masks
    channels = np.stack([masks.channel(number) for number in numbers]) if masks else None
    asked = [
        drawn_values(session.wanted, spec.conditions, spec.correlation, request.seed, number)
        for number in numbers
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
    joints = sample_pairs(session.generator, order, session.sampling)
    return [
        _finish(session, number, joint, values, masks.name(number) if masks else None)
        for number, joint, values in zip(numbers, joints, asked, strict=True)
    ]


def _finish(
    session: GenerationSession,
    number: int,
    joint: Array,
    asked: dict[str, float],
    given: str | None,
) -> Candidate:
    """Check one sample and write it where it may be written."""
    # What is not finite is found by the checks; drawing it must not fail before.
    drawn = as_slice(np.nan_to_num(joint), session.generator.spec.spacing_mm)
    findings = examine(joint, drawn, session.generator.spec, session.limits)
    tolerated = session.request.unfiltered and not NEVER_WRITTEN & set(findings.reasons)
    if findings.reasons and not tolerated:
        return Candidate(number, None, None, None, asked, given, findings.as_row())
    name = f"sub-{number:06d}"
    _write(session, name, number, drawn)
    voxels = int(drawn.mask.sum())
    return Candidate(number, name, _digest(drawn), voxels, asked, given, findings.as_row())


def _write(session: GenerationSession, name: str, number: int, drawn: SyntheticSlice) -> None:
    write_pair(session.output, name, drawn.image, drawn.mask, drawn.spacing_mm)
    if session.request.dicom:
        # Two samples that happen to be equal are two series nevertheless.
        seed = session.request.seed * 1_000_003 + number
        generator = session.generator.folder.name
        write_synthetic_series(session.output / name / "dicom", name, drawn, generator, seed)


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
        f"{100 * totals['yield']:.0f} % passed all checks{f' ({reasons})' if reasons else ''}"
        f"{GIVEN_UP if totals['written'] < count else ''}",
        soft_wrap=True,
        markup=False,
    )
    return exit_code(totals["written"], count)
