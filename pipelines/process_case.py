"""One case to all its outputs: the plan, and the DICOM objects that tell it to the archive."""

from dataclasses import replace

from highdicom import Volume

from callosal.export.runtime import Segmenter
from callosal.pipelines.hospital.case_objects import case_objects
from callosal.pipelines.process import Outcome, process_volume
from callosal.pipelines.reading.cases import Case
from callosal.pipelines.settings import Settings


def process_case(
    case: Case, volume: Volume, segmenter: Segmenter, settings: Settings, config_sha256: str
) -> Outcome:
    """Plan on the volume of a case and make its DICOM objects.

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
    made = case_objects(case, outcome, settings.dicom_objects)
    source = dict(outcome.document["source"])
    source["notes"] = [*source.get("notes", []), *made.notes]
    return replace(outcome, document={**outcome.document, "source": source}, objects=made.files)
