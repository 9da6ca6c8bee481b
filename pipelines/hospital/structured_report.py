"""The plan as a Comprehensive 3D SR after TID 1500."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from highdicom.sr import (
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
)
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID

from callosal.models.errors import InputError
from callosal.pipelines.hospital import concepts
from callosal.pipelines.hospital.derived_uid import derived_uid
from callosal.pipelines.hospital.origin import DISCLAIMER, Origin, settle
from callosal.pipelines.hospital.report_content import plan_groups
from callosal.pipelines.hospital.report_group import GroupMaker
from callosal.pipelines.hospital.report_source import ReportSource, evidence_items
from callosal.pipelines.planning.plan_file import Plan


@dataclass(frozen=True)
class Review:
    """Who changed a plan by hand.

    Attributes:
        reviewer: Name as people write it; goes into the report alone.
        comment: Why, in their words; "" for none.
        predecessor: The report of the plan before, where there is one.
    """

    reviewer: str
    comment: str = ""
    predecessor: Dataset | None = None


def plan_report(
    source: ReportSource,
    plan: Plan,
    contour_mm: NDArray[np.float64],
    review: Review | None = None,
) -> Dataset:
    """A plan as a structured report on its source.

    Args:
        source: The series that was planned on, as of `read_source(case.content)`, or an earlier
            report of it, as `ReportedSource`.
        plan: The plan.
        contour_mm: Outline of the callosum in the midsagittal slice of the document, shape
            (N, 2), as of `contour_of_case` or `Callosum.contour_mm`.
        review: Who corrected the plan, None for the plan of the algorithm.

    Returns:
        A Comprehensive 3D SR; the same one for the same arguments.

    Raises:
        InputError: The document holds no plan (`no_plan`).
    """
    place = plan.midsagittal
    if plan.planes is None or place is None:
        raise InputError(
            f"plan: status {plan.status} holds no planes, so there is nothing to report",
            "no_plan",
        )
    origin = Origin.of(source, plan)
    frame_uid = source.facts.frame_of_reference_uid
    make = GroupMaker(place, frame_uid, origin)
    (content,) = MeasurementReport(
        observation_context=_observers(origin, review),
        procedure_reported=concepts.MRI,
        imaging_measurements=plan_groups(plan, contour_mm, make, _comment(review)),
        title=codes.DCM.ImagingMeasurementReport,
    )
    report = Comprehensive3DSR(
        evidence=[source.first_image()],
        content=_opening(content),
        series_instance_uid=_series_uid(origin, review),
        series_number=origin.series_number(2),
        sop_instance_uid=origin.uid("sr", _digest(plan, contour_mm, review)),
        instance_number=_instance_number(review),
        manufacturer="callosal",
        manufacturer_model_name=origin.model,
        software_versions=origin.software,
        device_serial_number=origin.model_sha256[:16],
        series_description=f"callosal scan plan ({DISCLAIMER})",
        is_complete=True,
        previous_versions=_previous(review),
        coding_schemes=[concepts.coding_scheme()],
    )
    report.ContentSequence = content.ContentSequence
    report.CurrentRequestedProcedureEvidenceSequence = evidence_items(source.references())
    return settle(report, origin)


def _opening(content: Dataset) -> Dataset:
    """The root of a report with its first item alone.

    highdicom copies the content that it is given and walks it four times, to look for images; a
    plan refers to none. It is given these few items, and the report gets all afterwards.
    """
    opening = Dataset()
    opening.update(content)
    del opening.ContentSequence  # an element of its own, not that of the content
    opening.ContentSequence = content.ContentSequence[:1]
    return opening


def _observers(origin: Origin, review: Review | None) -> ObservationContext:
    device = ObserverContext(
        codes.DCM.Device,
        DeviceObserverIdentifyingAttributes(
            uid=derived_uid("device", origin.software, origin.model_sha256),
            name="callosal",
            manufacturer_name="callosal",
            model_name=origin.model,
            serial_number=origin.model_sha256[:16],
        ),
    )
    if review is None:
        return ObservationContext(observer_device_context=device)
    person = ObserverContext(
        codes.DCM.Person, PersonObserverIdentifyingAttributes(person_name(review.reviewer))
    )
    return ObservationContext(observer_person_context=person, observer_device_context=device)


def person_name(text: str) -> str:
    """Free text as one component of a person name (no delimiters, 64 characters)."""
    plain = "".join(" " if letter in "\\^=" else letter for letter in text if letter.isprintable())
    return f"{plain.strip()[:62] or 'unknown'}^"


def _comment(review: Review | None) -> str:
    """Free text without control characters, which SR does not allow, on one line."""
    words = [] if review is None else review.comment.split()
    return "".join(letter for letter in " ".join(words) if letter.isprintable())


def _previous(review: Review | None) -> list[Dataset] | None:
    return None if review is None or review.predecessor is None else [review.predecessor]


def _series_uid(origin: Origin, review: Review | None) -> UID:
    """Series of the report before, so that a viewer shows both together; else one of its own."""
    if review is None or review.predecessor is None:
        return origin.uid("sr series")
    return UID(review.predecessor.SeriesInstanceUID)


def _instance_number(review: Review | None) -> int:
    if review is None:
        return 1
    return 2 if review.predecessor is None else int(review.predecessor.InstanceNumber) + 1


def _digest(plan: Plan, contour_mm: NDArray[np.float64], review: Review | None) -> str:
    """Hash of the content of a report, without how long the parts took."""
    content = {key: value for key, value in plan.document.items() if key != "timings_ms"}
    words = [
        json.dumps(content, sort_keys=True),
        json.dumps(np.round(contour_mm, 4).tolist()),
        *([""] if review is None else [review.reviewer, review.comment]),
    ]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()
