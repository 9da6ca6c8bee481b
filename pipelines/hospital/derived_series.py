"""A volume made of several series as a derived MR series of their study (PS3.3, A.4)."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from highdicom import Volume
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import MRImageStorage
from pydicom.valuerep import format_number_as_ds

from callosal.models.errors import InputError
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.hospital.derived_uid import derived_uid
from callosal.pipelines.hospital.origin import DISCLAIMER
from callosal.pipelines.hospital.source_series import SourceSeries

_FIRST_SERIES_NUMBER = 9000


def write_derived_series(
    volume: Volume,
    sources: Sequence[SourceSeries],
    folder: Path,
    *,
    kind: str,
    description: str,
    number: int,
    content: str = "",
) -> list[Path]:
    """Write a volume as a new series of the study that its sources belong to.

    Patient, study and frame of reference are those of the sources; series and images have new
    UIDs, which follow from the sources and the content, so that a re-run gives equal files.

    Args:
        volume: Axes (slice, row, column), in the frame of reference of the sources.
        sources: The series it was made of.
        folder: Made if absent.
        kind: Sets the UIDs of this object apart from others of the same sources.
        description: What was done, for people.
        number: 1 to 9, which series among those derived of the sources.
        content: What else sets this object apart, such as the region that it shows.

    Returns:
        The files in slice order.

    Raises:
        InputError: The sources differ in patient or study (`several_patients`), or the volume
            cannot be stored (`not_finite`).
        OSError: The disk is full or read-only.
    """
    tags = _shared(sources, f"{kind} {content}", description, number)
    header, frame = sources[0].stack.header, sources[0].stack.frame
    tags.RepetitionTime = _decimal(frame.repetition_time_ms)
    tags.EchoTime = _decimal(frame.echo_time_ms)
    if frame.inversion_time_ms is not None:
        tags.ScanningSequence = "IR"  # the only one that may name an inversion time
        tags.InversionTime = _decimal(frame.inversion_time_ms)
    if header.field_strength_t is not None:
        tags.MagneticFieldStrength = format_number_as_ds(header.field_strength_t)
    return write_mr_series(
        volume,
        folder,
        description=description[:64],
        series_number=int(tags.SeriesNumber),
        attributes=tags,
    )


def _shared(sources: Sequence[SourceSeries], kind: str, description: str, number: int) -> Dataset:
    first = sources[0]
    header = first.stack.header
    studies = {source.stack.header.study_uid for source in sources}
    patients = {source.identity.elements["PatientID"] for source in sources}
    if len(studies) > 1 or len(patients) > 1:
        raise InputError(
            "the series come from several patients or studies, so no series can be derived of them",
            "several_patients",
        )
    images = [plane.header.sop_instance_uid for source in sources for plane in source.stack.planes]
    tags = Dataset()
    for keyword, value in first.identity.elements.items():
        setattr(tags, keyword, value or None)
    tags.Manufacturer = first.identity.elements["Manufacturer"] or "unknown"
    tags.SoftwareVersions = f"callosal {version('callosal')}"
    tags.StudyInstanceUID = header.study_uid
    tags.SeriesInstanceUID = derived_uid(kind, version("callosal"), *images)
    tags.FrameOfReferenceUID = header.frame_of_reference_uid
    tags.SeriesNumber = _FIRST_SERIES_NUMBER + 10 * (header.series_number or 0) + number
    tags.PatientPosition = header.patient_position or None
    tags.ImageType = ["DERIVED", "SECONDARY", "OTHER", "STITCHED"]
    tags.DerivationDescription = f"{description} ({DISCLAIMER})"
    tags.MRAcquisitionType = "2D"
    tags.SeriesDate, tags.SeriesTime = first.identity.moment
    tags.ContentDate, tags.ContentTime = first.identity.moment
    tags.SourceImageSequence = Items([_reference(uid, first) for uid in dict.fromkeys(images)])
    return tags


def _decimal(value: float | None) -> str | None:
    return None if value is None else format_number_as_ds(float(value))


def _reference(uid: str, source: SourceSeries) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = source.identity.sop_class_uid or MRImageStorage
    item.ReferencedSOPInstanceUID = uid
    return item
