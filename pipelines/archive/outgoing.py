"""Which objects of a case go to the archive, as its review has it."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread

from callosal.models.errors import InputError
from callosal.pipelines.outputs.case_folder import Done, read_done
from callosal.pipelines.outputs.file_names import (
    DICOM_OBJECTS,
    DONE,
    PLAN,
    REVIEWED_PLAN,
    REVISIONS,
    SECONDARY_CAPTURE,
    SEGMENTATION,
    STRUCTURED_REPORT,
)
from callosal.pipelines.review.history import latest_review
from callosal.pipelines.review.reviewed_capture import capture_name
from callosal.pipelines.review.reviewed_mask import segmentation_name

_READ = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID")


@dataclass(frozen=True)
class OutgoingObject:
    """One DICOM object as it is sent.

    Attributes:
        name: Name of its file.
        content: The file.
        sop_class_uid: Its class.
        sop_instance_uid: Its UID.
        study_uid: Its study.
    """

    name: str
    content: bytes
    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str


@dataclass(frozen=True)
class Outgoing:
    """What a case comes to for the archive.

    Attributes:
        objects: What is sent, in this order.
        held: Code of the reason if nothing is sent; "" otherwise.
    """

    objects: tuple[OutgoingObject, ...]
    held: str = ""


def case_version(folder: Path) -> str | None:
    """Changes with a case's results and with each review; None for a case that is not finished."""
    try:
        finished_ns = (folder / DONE).stat().st_mtime_ns
    except OSError:
        return None
    try:
        reviewed_ns = (folder / REVISIONS).stat().st_mtime_ns
    except OSError:
        reviewed_ns = 0
    return f"{finished_ns}.{reviewed_ns}"


def read_outgoing(folder: Path) -> Outgoing | None:
    """Read the objects of a case that may leave.

    A rejected case sends nothing, and so does one whose review cannot be read or belongs to an
    earlier plan. Of a corrected case the corrected report is sent, the corrected mask as a
    segmentation where there is one, and the corrected picture where the run makes Secondary
    Captures. Of an accepted one all objects are sent, with the report that
    names the reviewer instead of the automatic one.

    Args:
        folder: Folder of the case.

    Returns:
        None if the case is not finished, or is being written at the moment.

    Raises:
        InputError: An object is no DICOM file (`bad_object`).
        OSError: A file cannot be read.
    """
    version, done = case_version(folder), read_done(folder)
    if version is None or done is None:
        return None
    try:
        names, held = _chosen(folder, done)
        objects = tuple(_read(folder / name) for name in names)
    except (OSError, InputError):
        if case_version(folder) == version:
            raise
        return None
    return Outgoing(objects, held) if case_version(folder) == version else None


def _chosen(folder: Path, done: Done) -> tuple[list[str], str]:
    """Files to send, or why there are none."""
    automatic = [name for name in DICOM_OBJECTS.values() if name in done.files]
    try:
        review = latest_review(folder)
    except InputError as error:
        return [], error.code
    if review is None:
        if (folder / REVIEWED_PLAN).exists():
            return [], "bad_review"
        return (automatic, "") if automatic else ([], "no_objects")
    if review["decision"] == "rejected":
        return [], "rejected"
    if review["plan_sha256"] != hashlib.sha256((folder / PLAN).read_bytes()).hexdigest():
        return [], "review_of_earlier_plan"
    report = f"{REVISIONS}/{review['revision']:04d}.dcm"
    has_report = (folder / report).is_file()
    if review["decision"] == "corrected":
        capture = capture_name(review["revision"])
        has_capture = SECONDARY_CAPTURE in automatic and (folder / capture).is_file()
        mask = segmentation_name(review["revision"])
        has_mask = SEGMENTATION in automatic and (folder / mask).is_file()
        names = [
            *([mask] if has_mask else []), report, *([capture] if has_capture else []),
        ]  # fmt: skip
        return (names, "") if has_report else ([], "no_corrected_report")
    accepted = [report if has_report and name == STRUCTURED_REPORT else name for name in automatic]
    return (accepted, "") if accepted else ([], "no_objects")


def _read(path: Path) -> OutgoingObject:
    content = path.read_bytes()
    try:
        header = dcmread(io.BytesIO(content), stop_before_pixels=True, specific_tags=list(_READ))
        return OutgoingObject(path.name, content, *(str(header[word].value) for word in _READ))
    except Exception as error:
        raise InputError(
            f"{path.parent.name}/{path.name}: is no DICOM object ({type(error).__name__}); run "
            "infer again",
            "bad_object",
        ) from error
