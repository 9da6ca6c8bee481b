"""What a plan report needs to know of its source: from the images, or from an earlier report."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydicom.dataset import Dataset

from callosal.models.errors import InputError
from callosal.pipelines.hospital.identity import PATIENT_AND_STUDY


@dataclass(frozen=True)
class SourceFacts:
    """The series that was planned on.

    Attributes:
        study_uid: Its study.
        series_uid: Itself.
        series_number: Its number, 0 where it has none.
        frame_of_reference_uid: Space that its positions are in.
        frames: Images and frames of it, in any order, as text.
        moment: Date and time of its content.
    """

    study_uid: str
    series_uid: str
    series_number: int
    frame_of_reference_uid: str
    frames: tuple[str, ...]
    moment: tuple[str, str]


@dataclass(frozen=True, slots=True)
class ImageReference:
    """One image file as an object of its study names it.

    Attributes:
        sop_class_uid: Its kind.
        sop_instance_uid: Itself.
        study_uid: Its study.
        series_uid: Its series.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str


class ReportSource(Protocol):
    """Whatever knows the source of a plan."""

    @property
    def facts(self) -> SourceFacts:
        """The series that was planned on."""

    def references(self) -> Sequence[ImageReference]:
        """The image files, each once; the first is that of `first_image`."""

    def first_image(self) -> Dataset:
        """A data set of the first image file, with patient and study."""


def evidence_items(references: Sequence[ImageReference]) -> list[Dataset]:
    """Items of the Current Requested Procedure Evidence Sequence (PS3.3, table C.17-2).

    highdicom makes them out of one data set an image, with four attributes each: of a series of 192
    images that takes longer than all else in a report.

    Args:
        references: The images, of one study.
    """
    by_series: dict[str, list[Dataset]] = {}
    for one in references:
        item = Dataset()
        item.ReferencedSOPClassUID = one.sop_class_uid
        item.ReferencedSOPInstanceUID = one.sop_instance_uid
        by_series.setdefault(one.series_uid, []).append(item)
    study = Dataset()
    study.StudyInstanceUID = references[0].study_uid
    study.ReferencedSeriesSequence = [
        _series_item(series_uid, images) for series_uid, images in by_series.items()
    ]
    return [study]


def _series_item(series_uid: str, images: list[Dataset]) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = series_uid
    item.ReferencedSOPSequence = images
    return item


@dataclass(frozen=True)
class ReportedSource:
    """The source as an earlier plan report names it, when the images are not at hand.

    Attributes:
        report: A report of `plan_report`.
    """

    report: Dataset

    @property
    def facts(self) -> SourceFacts:
        """The series that the report refers to.

        Raises:
            InputError: It refers to none (`no_source`).
        """
        series = self._series()
        return SourceFacts(
            study_uid=str(self.report.StudyInstanceUID),
            series_uid=str(series.SeriesInstanceUID),
            series_number=max(0, (int(self.report.SeriesNumber) - 9000) // 10),
            frame_of_reference_uid=_frame_of_reference_uid(self.report),
            frames=tuple(str(i.ReferencedSOPInstanceUID) for i in series.ReferencedSOPSequence),
            moment=(str(self.report.ContentDate), str(self.report.ContentTime)),
        )

    def references(self) -> list[ImageReference]:
        """The images that the report refers to."""
        series = self._series()
        return [
            ImageReference(
                str(item.ReferencedSOPClassUID),
                str(item.ReferencedSOPInstanceUID),
                str(self.report.StudyInstanceUID),
                str(series.SeriesInstanceUID),
            )
            for item in series.ReferencedSOPSequence
        ]

    def first_image(self) -> Dataset:
        """A data set of the first image that the report refers to, with patient and study."""
        first = self.references()[0]
        image = Dataset()
        image.SOPClassUID = first.sop_class_uid
        image.SOPInstanceUID = first.sop_instance_uid
        image.StudyInstanceUID = first.study_uid
        image.SeriesInstanceUID = first.series_uid
        image.Modality = "MR"
        for keyword in PATIENT_AND_STUDY:
            setattr(image, keyword, self.report.get(keyword, ""))
        image.SpecificCharacterSet = "ISO_IR 192"
        return image

    def _series(self) -> Dataset:
        studies = self.report.get("CurrentRequestedProcedureEvidenceSequence", [])
        found: list[Dataset] = [s for study in studies for s in study.ReferencedSeriesSequence]
        if not found:
            raise InputError("the report names no images it was made of", "no_source")
        return found[0]


def _frame_of_reference_uid(content: Dataset) -> str:
    """The first one among the coordinates of a report."""
    for item in content.get("ContentSequence", []):
        found = str(item.get("ReferencedFrameOfReferenceUID", "")) or _frame_of_reference_uid(item)
        if found:
            return found
    return ""
