"""The longitudinal level: the visits of each participant in one frame, and what changed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from highdicom import Volume
from rich.console import Console

from callosal.export.runtime import Segmenter
from callosal.models.errors import GeometryError, InputError
from callosal.pipelines.batch.jobs import Part
from callosal.pipelines.batch.request import Engine
from callosal.pipelines.batch.session import open_model
from callosal.pipelines.bids.dataset import Selection, find_images
from callosal.pipelines.bids.description import write_dataset_files
from callosal.pipelines.bids.validation import read_description
from callosal.pipelines.longitudinal.common_visits import Placed, common_visits
from callosal.pipelines.longitudinal.visit_files import names_of, record, refusal, visit_files
from callosal.pipelines.longitudinal.visit_names import SeriesNames
from callosal.pipelines.longitudinal.visits import (
    Visit,
    VisitSeries,
    images_of_series,
    read_series,
)
from callosal.pipelines.outputs.atomic import make_folder, remove, write_bytes
from callosal.pipelines.outputs.exit_code import exit_code
from callosal.pipelines.outputs.json_object import json_object
from callosal.pipelines.reading.nifti import read_nifti
from callosal.pipelines.reading.repeated_slices import without_repeats

FEWEST_VISITS = 2


@dataclass(frozen=True)
class LongitudinalRequest:
    """One call of `callosal bids ... longitudinal`.

    Attributes:
        bids_dir: Folder of the dataset.
        output_dir: Folder of the derivatives, as the participant level left it.
        selection: Which images are used.
        engine: What runs the network.
        part: Which part of the participants is measured.
        overwrite: Measure finished series again.
    """

    bids_dir: Path
    output_dir: Path
    selection: Selection
    engine: Engine
    part: Part
    overwrite: bool


def run_longitudinal(request: LongitudinalRequest) -> int:
    """Measure the change of every participant with two sessions or more.

    Returns:
        Exit code: 0 all done, 1 nothing could be done, 2 some participants could not be measured.

    Raises:
        CallosalError: Nothing can be run at all: no dataset, no results, no sessions, no model.
    """
    console = Console(stderr=True)
    if not request.bids_dir.is_dir():
        raise InputError(
            f"{request.bids_dir.name}: there is no such folder; check the path", "no_such_input"
        )
    raw = read_description(request.bids_dir)
    found = find_images(request.bids_dir, request.selection).by_participant()
    mine = {name: images for name, images in found.items() if request.part.holds(name)}
    series = {
        stem: images
        for of_participant in mine.values()
        for stem, images in images_of_series(of_participant).items()
    }
    if not series and mine:
        raise InputError(
            f"{request.bids_dir.name}: no participant has two sessions with images of one kind, "
            "so there is no change to measure",
            "no_sessions",
        )
    write_dataset_files(request.bids_dir, request.output_dir, raw)
    segmenter = open_model(request.engine)
    n_done = 0
    for stem, images in series.items():
        # One at a time: the blocks of a whole dataset would fill the memory.
        one = read_series(stem, images, request.bids_dir, request.output_dir)
        try:
            n_done += _measured(request, one, segmenter, console)
        except (InputError, GeometryError) as error:
            _drop(request.output_dir, one)
            _write(request.output_dir, {_names(one).record: refusal(one, error)})
            _say(console, f"{stem}: not measured: {error.code}: {error}")
    _say(console, f"change of {n_done} of {len(series)} measured; see {request.output_dir}")
    return exit_code(n_done, len(series), nothing_usable=not found)


def _measured(
    request: LongitudinalRequest, series: VisitSeries, segmenter: Segmenter, console: Console
) -> bool:
    """Measure one series unless it is already done; returns whether its change is measured."""
    left_out = ", ".join(f"{left.image.stem}: {left.code}" for left in series.left_out)
    if left_out:
        _say(console, f"{series.stem}: left out {left_out}")
    if len(series.visits) < FEWEST_VISITS:
        raise InputError(
            f"fewer than two of its sessions can be compared ({left_out}); run `callosal bids ... "
            "participant` again, and look at its report",
            "too_few_visits",
        )
    names = _names(series)
    digest = _fingerprint(series, segmenter)
    if not request.overwrite and _is_done(request.output_dir, names, digest):
        _say(console, f"{series.stem}: finished before")
        return True
    found = common_visits([_placed(visit) for visit in series.visits], segmenter)
    files: Mapping[str, bytes] = {
        **visit_files(series, found, names),
        names.record: record(series, found, segmenter, digest),
    }
    _drop(request.output_dir, series)
    _write(request.output_dir, files)
    _say(console, f"{series.stem}: {len(series.visits)} visits")
    return True


def _placed(visit: Visit) -> Placed:
    def load() -> Volume:
        return without_repeats(read_nifti(visit.image.path))

    return Placed(visit.image.stem, visit.plan, visit.block, load)


def _names(series: VisitSeries) -> SeriesNames:
    return SeriesNames(series.stem.partition("_")[0], series.stem)


def _fingerprint(series: VisitSeries, segmenter: Segmenter) -> str:
    """Hash of all that the files depend on."""
    parts = [version("callosal"), segmenter.sha256]
    for visit in series.visits:
        parts += [visit.image.name, visit.sha256, str(visit.acquired)]
    parts += [f"{left.image.name} {left.code}" for left in series.left_out]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_done(output_dir: Path, names: SeriesNames, digest: str) -> bool:
    content = json_object(output_dir / names.record)
    files = (names.visits, names.change, names.page)
    return content.get("Fingerprint") == digest and all((output_dir / n).is_file() for n in files)


def _write(output_dir: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        make_folder((output_dir / name).parent)
        write_bytes(output_dir / name, content)


def _drop(output_dir: Path, series: VisitSeries) -> None:
    """Remove the files that an earlier run wrote for a series, its record first."""
    names = _names(series)
    for name in (names.record, *sorted(names_of(series, names))):
        remove(output_dir / name)


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
