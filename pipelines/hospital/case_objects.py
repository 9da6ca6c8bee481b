"""The DICOM objects of one case as files, or why there are none."""

import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset

from callosal.models.errors import CallosalError
from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.hospital.presentation_state import plan_presentation
from callosal.pipelines.hospital.secondary_capture import overlay_capture
from callosal.pipelines.hospital.segmentation_object import callosum_segmentation
from callosal.pipelines.hospital.source_series import SourceSeries, read_source
from callosal.pipelines.hospital.structured_report import plan_report
from callosal.pipelines.outputs.file_names import DICOM_OBJECTS
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.reading.cases import Case
from callosal.pipelines.settings import DicomObject

NO_STATE = "no presentation state: multi-frame images, or slices of different rescale slopes"


@dataclass(frozen=True)
class CaseObjects:
    """What goes to the archive.

    Attributes:
        files: Content by file name.
        notes: Why there is none, for plan.json; holds no value of a tag.
    """

    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()


def case_objects(
    case: Case,
    plan: Plan,
    callosum: Callosum | None,
    overlay: Image.Image | None,
    kinds: Sequence[DicomObject],
) -> CaseObjects:
    """Make the objects of a planned case; a case without a plan has none.

    Args:
        case: The case.
        plan: Its plan.
        callosum: What was segmented.
        overlay: Its picture; the Secondary Capture needs it.
        kinds: Which objects are wanted.
    """
    if not kinds or callosum is None or plan.planes is None:
        return CaseObjects({})
    if case.stack is None:
        return CaseObjects({}, ("no DICOM objects: a NIfTI file belongs to no study",))
    try:
        with quiet():
            source = read_source(case.stack)
            made = {kind: _make(kind, source, plan, callosum, overlay) for kind in kinds}
            files = {
                DICOM_OBJECTS[kind]: file_bytes(object_)
                for kind, object_ in made.items()
                if object_ is not None
            }
            return CaseObjects(files, () if len(files) == len(made) else (NO_STATE,))
    except CallosalError as error:
        return CaseObjects({}, (f"no DICOM objects: {error.code}",))
    except Exception as error:
        # The plan must not be lost over a header of the archive that a library refuses.
        return CaseObjects({}, (f"no DICOM objects: refused ({type(error).__name__})",))


def file_bytes(object_: Dataset) -> bytes:
    """A DICOM object as the bytes of its file."""
    stream = io.BytesIO()
    object_.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' warnings off the console: they quote the patient's name.

    Values are not checked by pydicom then: all it would do is warn, in a seventh of the time that
    the objects take.
    """
    logger = logging.getLogger("highdicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), disable_value_validation():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def reviewed_object(what: str, make: Callable[[], Dataset]) -> tuple[bytes, list[str]]:
    """An object that a review asks for, as the bytes of its file, or why there is none.

    A review is kept, whatever header of the archive a library refuses.

    Args:
        what: Such as "report", for the reason.
        make: Makes the object.

    Returns:
        Its bytes, b"" without one, and the reason in words, without the value of a tag.
    """
    try:
        with quiet():
            return file_bytes(make()), []
    except CallosalError as error:
        return b"", [f"No {what}: {error}"]
    except Exception as error:
        return b"", [f"No {what}: refused ({type(error).__name__})"]


def _make(
    kind: DicomObject,
    source: SourceSeries,
    plan: Plan,
    callosum: Callosum,
    overlay: Image.Image | None,
) -> Dataset | None:
    if kind == "seg":
        return callosum_segmentation(source, plan, callosum.mask, callosum.slice_image)
    if kind == "sr":
        return plan_report(source, plan, callosum.contour_mm)
    if kind == "pr":
        return plan_presentation(
            source, plan, callosum.mask, callosum.contour_mm, callosum.slice_image
        )
    assert overlay is not None  # there is a callosum
    return overlay_capture(source, plan, overlay)
