"""One case to all its outputs: the plan, and the DICOM objects that tell it to the archive."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from highdicom import Volume
from PIL import Image

from callosal.export.runtime import Segmenter
from callosal.pipelines.case.case_pictures import (
    draw_case_overlay,
    draw_pictures,
    draw_review_views,
    picture_files,
)
from callosal.pipelines.case.observation import Observation, look
from callosal.pipelines.case.pose import Pose
from callosal.pipelines.case.process import Outcome, conclude, verdict_of
from callosal.pipelines.follow_up.first_visit import FirstVisit
from callosal.pipelines.follow_up.neighbourhood import neighbourhood_bytes
from callosal.pipelines.follow_up.repeat import repeat_stacks
from callosal.pipelines.hospital.case_objects import case_objects
from callosal.pipelines.midplane.localizer_volumes import Images
from callosal.pipelines.outputs.case_files import CaseFiles
from callosal.pipelines.outputs.file_names import MARKUPS, NEIGHBOURHOOD
from callosal.pipelines.pictures.review_views import view_files
from callosal.pipelines.planning.markups import markups_text
from callosal.pipelines.planning.plan_document import with_files
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.reading.cases import Case
from callosal.pipelines.settings import Settings


def process_case(
    case: Case,
    images: Images,
    segmenter: Segmenter,
    settings: Settings,
    first: FirstVisit | None = None,
) -> CaseFiles:
    """Plan on the images of a case and make all its files.

    Args:
        case: The case; whose images they are, which no `Header` holds, is read from the first
            of them where an object has to tell it.
        images: Its voxels.
        segmenter: Opened model.
        settings: How to plan, and which objects to make.
        first: A first visit whose stacks are repeated where the callosum is found.

    Raises:
        CallosalError: As `process_volume`; objects that cannot be made are a note in the plan.
    """
    observation = look(images, segmenter, settings)
    # Drawing and compression let go of the interpreter; the objects are all interpreter, and the
    # neighbours leave a part of the cores idle.
    with ThreadPoolExecutor(1) as beside:
        views = beside.submit(_view_files, images, observation, observation.pose)
        outcome = conclude(images, observation, segmenter, settings, case.source)
        if first is not None and outcome.pose is not None:
            patient = "" if case.stack is None else case.stack.header.person[0]
            outcome = _repeated(first, images, outcome, outcome.pose, patient)
        start = time.perf_counter()
        drawn = beside.submit(draw_case_overlay, outcome)
        pictures = beside.submit(_pictures, images, outcome, drawn, settings)
        kinds = settings.dicom_objects
        overlay = drawn.result() if "sc" in kinds else None
        objects = case_objects(
            case, Plan.from_document(outcome.document), outcome.callosum, overlay, kinds
        )
        if outcome.pose is not observation.pose:  # turned down, or set by a first visit
            views = beside.submit(_view_files, images, observation, outcome.pose)
    files = {**views.result(), **pictures.result(), **objects.files, **_markups(outcome, settings)}
    files_ms = (time.perf_counter() - start) * 1000
    return CaseFiles(with_files(outcome.document, objects.notes, files_ms), files)


def _view_files(images: Images, observation: Observation, pose: Pose | None) -> dict[str, bytes]:
    files = view_files(draw_review_views(images, observation, pose))
    if pose is not None and observation.seen.plane is not None and isinstance(images, Volume):
        files[NEIGHBOURHOOD] = neighbourhood_bytes(images, pose.plan)
    return files


def _markups(outcome: Outcome, settings: Settings) -> dict[str, bytes]:
    """The plan for Slicer, where it is wanted and there is one."""
    if not settings.markups or outcome.pose is None:
        return {}
    contour_mm = None if outcome.callosum is None else outcome.callosum.contour_mm
    text = markups_text(Plan.from_document(outcome.document), contour_mm)
    return {MARKUPS: text.encode()}


def _repeated(
    first: FirstVisit, images: Images, outcome: Outcome, pose: Pose, patient: str = ""
) -> Outcome:
    document, plan = repeat_stacks(first, images, pose.plan, outcome.document, patient)
    pose = replace(pose, plan=plan)
    return replace(outcome, document=document, pose=pose, verdict=verdict_of(document))


def _pictures(
    images: Images, outcome: Outcome, overlay: Future[Image.Image | None], settings: Settings
) -> dict[str, bytes]:
    pictures = draw_pictures(images, outcome, overlay.result(), settings)
    files = picture_files(pictures, outcome.callosum)
    if outcome.neighbours is not None and outcome.callosum is not None:
        files |= outcome.neighbours.files(outcome.callosum)
    return files
