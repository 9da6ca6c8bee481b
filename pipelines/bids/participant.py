"""The participant level: each image of a dataset planned on and measured."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from callosal.export.runtime import Segmenter
from callosal.models.errors import InputError, OutputError
from callosal.pipelines.batch.case_work import Fault
from callosal.pipelines.batch.jobs import Part
from callosal.pipelines.batch.request import Engine, Request
from callosal.pipelines.batch.run import run_index
from callosal.pipelines.batch.session import open_model, open_session
from callosal.pipelines.bids.dataset import BidsImage, FoundImages, Selection, find_images
from callosal.pipelines.bids.derivatives import write_derivatives
from callosal.pipelines.bids.description import write_dataset_files
from callosal.pipelines.bids.image_cases import index_images
from callosal.pipelines.bids.same_images import same_images
from callosal.pipelines.bids.validation import read_description, validate
from callosal.pipelines.outputs.exit_code import exit_code
from callosal.pipelines.outputs.file_names import CASES, RUNS
from callosal.pipelines.outputs.results import is_planned, read_rows
from callosal.pipelines.settings import Settings


@dataclass(frozen=True)
class BidsRequest:
    """One call of `callosal bids ... participant`.

    Attributes:
        bids_dir: Folder of the dataset.
        output_dir: Folder of the derivatives.
        selection: Which images.
        engine: What runs the cases.
        part: Which part of the participants.
        overwrite: Do finished images again.
        is_validated: Run the BIDS validator first, where one is installed.
        settings: How the pose and the plan are made.
    """

    bids_dir: Path
    output_dir: Path
    selection: Selection
    engine: Engine
    part: Part
    overwrite: bool
    is_validated: bool
    settings: Settings


Answer = int | Fault
"""How many images of a participant have a plan, or why none was worked on."""


def run_participants(request: BidsRequest) -> int:
    """Plan on every image that is asked for, participant by participant, here or on a cluster.

    The folder of a participant's run is held while it is worked on, so that several machines may
    work on different participants of one output folder at the same time.

    Returns:
        Exit code: 0 all done, 1 nothing could be done, 2 some images failed or were refused.

    Raises:
        CallosalError: Nothing can be run at all: no dataset, no image, no model, no output.
        KeyboardInterrupt: It was stopped; what is finished is written.
    """
    console = Console(stderr=True)
    raw = _checked_dataset(request, console)
    found = find_images(request.bids_dir, request.selection)
    _report_found(found, console)
    write_dataset_files(request.bids_dir, request.output_dir, raw)
    segmenter = open_model(request.engine)
    everybody = found.by_participant()
    mine = {name: images for name, images in everybody.items() if request.part.holds(name)}
    n_done, n_images, n_faults = 0, sum(map(len, mine.values())), 0
    for participant, answer in _answers(request, mine, segmenter, console):
        if isinstance(answer, Fault):
            n_faults += 1
            _say(console, f"{participant} left out: {answer.code}: {answer.message}")
        else:
            n_done += answer
    _say(console, f"{n_done} of {n_images} images measured; see {request.output_dir}")
    return exit_code(n_done, n_images, n_faults, not everybody)


def _answers(
    request: BidsRequest,
    participants: Mapping[str, Sequence[BidsImage]],
    segmenter: Segmenter,
    console: Console,
) -> Iterator[tuple[str, Answer]]:
    """What each participant came to, as it is finished: in this process or on a cluster."""
    options = request.engine.ray
    if options is not None:
        # Only who asks for a cluster needs the package.
        from callosal.pipelines.bids.ray_participants import ray_participants

        yield from ray_participants(request, options, participants, segmenter.sha256, console)
        return
    for number, (participant, images) in enumerate(participants.items(), start=1):
        console.print(f"{participant} ({number} of {len(participants)})", highlight=False)
        try:
            yield participant, run_participant(request, images, segmenter, console)
        except OutputError as error:
            if error.code != "output_in_use":
                raise
            yield participant, Fault(error.code, str(error))


def _checked_dataset(request: BidsRequest, console: Console) -> dict[str, Any]:
    bids_dir, output_dir = request.bids_dir, request.output_dir
    if not bids_dir.is_dir():
        raise InputError(
            f"{bids_dir.name}: there is no such folder; check the path", "no_such_input"
        )
    if output_dir.resolve() == bids_dir.resolve():
        raise InputError(
            f"{output_dir.name}: is the dataset itself; name another folder, such as "
            "derivatives/callosal in it",
            "wrong_usage",
        )
    raw = read_description(bids_dir)
    if request.is_validated:
        _say(console, f"{bids_dir.name}: {validate(bids_dir)}")
    return raw


def _report_found(found: FoundImages, console: Console) -> None:
    participants = found.by_participant()
    told = f"{len(found.images)} images of {len(participants)} participants"
    unused = ", ".join(f"{count} {suffix}" for suffix, count in found.unused.items())
    _say(console, f"{told}; not used: {unused}" if unused else told)
    for name, original in same_images({one.name: one.path for one in found.images}).items():
        _say(console, f"warning: {name} holds the same image as {original}; is it a copy?")


def run_participant(
    request: BidsRequest, images: Sequence[BidsImage], segmenter: Segmenter, console: Console
) -> int:
    """Plan on the images of one participant and write its derivatives.

    Args:
        request: What the user asked for.
        images: All its images that are asked for.
        segmenter: The opened model.
        console: Where progress goes.

    Returns:
        How many images have a plan.

    Raises:
        CallosalError: Its folder is in use or cannot be written.
        KeyboardInterrupt: It was stopped; what is finished is written.
    """
    clock = [time.perf_counter()]
    folder = request.output_dir / RUNS / images[0].participant
    run = Request(
        inputs=(request.bids_dir,),
        output=folder,
        engine=request.engine,
        part=Part(),
        overwrite=request.overwrite,
        settings=request.settings,
        command="bids",
    )
    index = index_images(images)
    clock.append(time.perf_counter())
    with open_session(run, segmenter, console) as session:
        clock.append(time.perf_counter())
        run_index(session, index, clock)
        rows = {str(row["case_id"]): row for row in read_rows(folder)}
        for image in images:
            _write(image, rows, folder, request, console)
    return sum(image.stem in rows and is_planned(rows[image.stem]) for image in images)


def _write(
    image: BidsImage,
    rows: Mapping[str, Mapping[str, Any]],
    folder: Path,
    request: BidsRequest,
    console: Console,
) -> None:
    """Write the derivatives of an image that has a row; a run that was cut short has none."""
    if image.stem not in rows:
        return
    scheme = request.settings.parcels or "witelson"
    case_folder = folder / CASES / image.stem
    try:
        write_derivatives(image, rows[image.stem], case_folder, request.output_dir, scheme)
    except InputError as error:
        _say(console, f"{image.stem}: no derivatives: {error.code}: {error}")


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
