"""The visits of a participant: one image per session, measured at the participant level."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from callosal.models.errors import InputError
from callosal.pipelines.bids.dataset import BidsImage
from callosal.pipelines.bids.image_cases import change_since
from callosal.pipelines.bids.same_images import same_images
from callosal.pipelines.follow_up.neighbourhood import Block, read_neighbourhood
from callosal.pipelines.longitudinal.dates import acquisition_time
from callosal.pipelines.outputs.file_names import CASES, NEIGHBOURHOOD, PLAN, RUNS
from callosal.pipelines.planning.findings import Status
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.report.case_review import read_review

_ANY_VISIT = re.compile(r"_(ses|run)-[A-Za-z0-9+]+")


@dataclass(frozen=True, eq=False)
class Visit:
    """One session of a participant.

    Attributes:
        image: The image of the session.
        plan: Plan of the image, of status ok.
        block: Voxels of the brain around the callosum, aligned with the plan.
        plan_sha256: Hash of the file of the plan.
        sha256: Hash of plan and block.
        acquired: When the image was acquired; None if no table of the dataset records it.
    """

    image: BidsImage
    plan: Plan
    block: Block
    plan_sha256: str
    sha256: str
    acquired: datetime | None


@dataclass(frozen=True, eq=False)
class LeftOut:
    """An image that is not used as a visit.

    Attributes:
        image: The image.
        code: `not_measured`, `image_replaced`, `not_ok`, `rejected`, `without_block`, `other_run`
            or `same_image`; or why the image, its plan, its block or a table of the dataset cannot
            be read.
    """

    image: BidsImage
    code: str


@dataclass(frozen=True, eq=False)
class VisitSeries:
    """Images of one participant and one acquisition over several sessions.

    Attributes:
        stem: Common part of their names, without session and run: sub-01_acq-mprage_T1w.
        visits: One per session, in the order of the sessions.
        left_out: The other images.
    """

    stem: str
    visits: tuple[Visit, ...]
    left_out: tuple[LeftOut, ...]


def images_of_series(images: Iterable[BidsImage]) -> dict[str, list[BidsImage]]:
    """The images of one participant by series; none of an image that has no other session.

    Args:
        images: Images of the participant.
    """
    listed: dict[str, list[BidsImage]] = {}
    for image in sorted(images, key=lambda image: image.name):
        listed.setdefault(_ANY_VISIT.sub("", image.stem), []).append(image)
    return {
        stem: found for stem, found in listed.items() if len({image.session for image in found}) > 1
    }


def read_series(
    stem: str, images: Sequence[BidsImage], bids_dir: Path, output_dir: Path
) -> VisitSeries:
    """Read what the participant level made of the images of a series.

    Of several runs of a session the first one counts that was measured with confidence.

    Args:
        stem: What the names of the images share.
        images: The images.
        bids_dir: Folder of the dataset.
        output_dir: Folder of the derivatives.
    """
    visits: dict[str | None, Visit] = {}
    left_out = []
    for image in images:
        found = _visit(image, bids_dir, output_dir)
        if isinstance(found, Visit) and image.session in visits:
            found = LeftOut(image, "other_run")
        if isinstance(found, LeftOut):
            left_out.append(found)
        else:
            visits[image.session] = found
    # A copy would be a visit without change, and sure of it.
    copies = same_images({one.image.name: one.image.path for one in visits.values()})
    originals = [one for one in visits.values() if one.image.name not in copies]
    left_out += [
        LeftOut(one.image, "same_image") for one in visits.values() if one.image.name in copies
    ]
    return VisitSeries(stem, tuple(originals), tuple(left_out))


def _visit(image: BidsImage, bids_dir: Path, output_dir: Path) -> Visit | LeftOut:
    try:
        return _read_visit(image, bids_dir, output_dir)
    except InputError as error:
        return LeftOut(image, error.code)


def _read_visit(image: BidsImage, bids_dir: Path, output_dir: Path) -> Visit | LeftOut:
    folder = output_dir / RUNS / image.participant / CASES / image.stem
    if not (folder / PLAN).is_file():
        return LeftOut(image, "not_measured")
    content = (folder / PLAN).read_bytes()
    plan = Plan.from_json(content, folder / PLAN)
    review = read_review(folder, {}, hashlib.sha256(content).hexdigest())
    if review is not None and not review.is_old and review.decision in ("rejected", "unreadable"):
        return LeftOut(image, "rejected")
    if plan.status is not Status.OK or plan.planes is None or plan.final is None:
        return LeftOut(image, "not_ok")
    if not (folder / NEIGHBOURHOOD).is_file():
        return LeftOut(image, "without_block")
    changed = change_since(image, folder)
    if changed is not None:
        return LeftOut(image, changed)
    block = (folder / NEIGHBOURHOOD).read_bytes()
    return Visit(
        image=image,
        plan=plan,
        block=read_neighbourhood(block),
        plan_sha256=hashlib.sha256(content).hexdigest(),
        sha256=hashlib.sha256(content + block).hexdigest(),
        acquired=acquisition_time(bids_dir, image),
    )
