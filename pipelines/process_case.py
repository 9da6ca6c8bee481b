"""One case to all its outputs: the plan, and the DICOM objects that tell it to the archive."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from highdicom import Volume

from callosal.export.runtime import Segmenter
from callosal.pipelines.case_files import CaseFiles, picture_files
from callosal.pipelines.hospital.case_objects import case_objects
from callosal.pipelines.process import process_volume
from callosal.pipelines.reading.cases import Case
from callosal.pipelines.settings import Settings


def process_case(
    case: Case, volume: Volume, segmenter: Segmenter, settings: Settings, config_sha256: str
) -> CaseFiles:
    """Plan on the volume of a case and make all its files.

    Args:
        case: The case; the header of its first image is read once more.
        volume: Its voxels.
        segmenter: Opened model.
        settings: How to plan, and which objects to make.
        config_sha256: Hash of the settings.

    Raises:
        CallosalError: As `process_volume`; objects that cannot be made are a note in the plan.
    """
    outcome = process_volume(volume, segmenter, settings, case.source, config_sha256)
    # Compression lets go of the interpreter, the objects are all interpreter.
    with ThreadPoolExecutor(1) as beside:
        pictures = beside.submit(picture_files, outcome)
        objects = case_objects(case, outcome, settings.dicom_objects)
    document = _with_notes(outcome.document, objects.notes)
    return CaseFiles(document, {**pictures.result(), **objects.files})


def _with_notes(document: dict[str, Any], notes: Sequence[str]) -> dict[str, Any]:
    source = document["source"]
    return {**document, "source": {**source, "notes": [*source.get("notes", []), *notes]}}
