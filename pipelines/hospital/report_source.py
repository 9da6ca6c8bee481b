"""What a plan report needs to know of its source: from the images, or from an earlier report."""

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


class ReportSource(Protocol):
    """Whatever knows the source of a plan."""

    @property
    def facts(self) -> SourceFacts:
        """The series that was planned on."""

    def references(self) -> list[Dataset]:
        """One data set an image file; only the first tells of the patient."""


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

    def references(self) -> list[Dataset]:
        """One data set an image that the report refers to; only the first tells of the patient."""
        series = self._series()
        images = [_reference(self.report, series, item) for item in series.ReferencedSOPSequence]
        for keyword in PATIENT_AND_STUDY:
            setattr(images[0], keyword, self.report.get(keyword, ""))
        images[0].SpecificCharacterSet = "ISO_IR 192"
        return images

    def _series(self) -> Dataset:
        studies = self.report.get("CurrentRequestedProcedureEvidenceSequence", [])
        found: list[Dataset] = [s for study in studies for s in study.ReferencedSeriesSequence]
        if not found:
            raise InputError("the report names no images it was made of", "no_source")
        return found[0]


def _reference(report: Dataset, series: Dataset, item: Dataset) -> Dataset:
    image = Dataset()
    image.SOPClassUID = item.ReferencedSOPClassUID
    image.SOPInstanceUID = item.ReferencedSOPInstanceUID
    image.StudyInstanceUID = report.StudyInstanceUID
    image.SeriesInstanceUID = series.SeriesInstanceUID
    image.Modality = "MR"
    return image


def _frame_of_reference_uid(content: Dataset) -> str:
    """The first one among the coordinates of a report."""
    for item in content.get("ContentSequence", []):
        found = str(item.get("ReferencedFrameOfReferenceUID", "")) or _frame_of_reference_uid(item)
        if found:
            return found
    return ""
