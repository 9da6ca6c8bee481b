"""Measurement groups of TID 1500: regions, points and measures in patient coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CoordinatesForMeasurement3D,
    FindingSite,
    ImageRegion3D,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    RelationshipTypeValues,
    TextContentItem,
    TrackingIdentifier,
)
from numpy.typing import NDArray
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.hospital import concepts
from callosal.pipelines.hospital.origin import Origin

Array = NDArray[np.float64]
Group = PlanarROIMeasurementsAndQualitativeEvaluations | MeasurementsAndQualitativeEvaluations
_COMMENT = codes.DCM.Comment
_CHECKED: Final = 16  # corners of a polygon


@dataclass(frozen=True, eq=False)
class GroupMaker:
    """Makes the groups of one report.

    Attributes:
        place: Place of the midsagittal slice.
        frame_of_reference_uid: Of the source.
        origin: Where the tracking UIDs come from.
    """

    place: SliceImage
    frame_of_reference_uid: str
    origin: Origin

    def region(
        self,
        name: str,
        finding: Code,
        outline_lps_mm: Array,
        measurements: Sequence[Measurement],
        shown: str = "",
    ) -> Group:
        """A closed outline in patient coordinates, shape (N, 3), with what was measured of it.

        Args:
            name: What its unique identifier follows from.
            finding: What it is.
            outline_lps_mm: Corners in order.
            measurements: What was measured of it.
            shown: The tracking identifier, which viewers such as OHIF list it by; by default the
                name.
        """
        return PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=self._tracking(name, shown),
            referenced_region=outlined(outline_lps_mm, self.frame_of_reference_uid),
            finding_type=finding,
            algorithm_id=self._algorithm() if finding == concepts.CALLOSUM else None,
            finding_sites=[FindingSite(concepts.CALLOSUM)],
            geometric_purpose=codes.DCM.Outline,
            measurements=measurements,
        )

    def point(self, name: str, finding: Code, point_mm: Sequence[float]) -> Group:
        """A point of the midsagittal slice."""
        point = self.place.mm_to_lps(np.array([point_mm]))
        return PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=self._tracking(name),
            referenced_region=ImageRegion3D("POINT", point, self.frame_of_reference_uid),
            finding_type=finding,
            finding_sites=[FindingSite(finding)],
            geometric_purpose=codes.DCM.BoundaryPoint,
        )

    def measured(
        self,
        name: str,
        finding: Code,
        measurements: Sequence[Measurement],
        evaluations: Sequence[QualitativeEvaluation] = (),
    ) -> Group:
        """Measures without a region of their own."""
        return MeasurementsAndQualitativeEvaluations(
            tracking_identifier=self._tracking(name),
            finding_type=finding,
            finding_sites=[FindingSite(concepts.CALLOSUM)],
            measurements=measurements,
            qualitative_evaluations=evaluations or None,
        )

    def coordinates(self, kind: str, points_mm: Array) -> CoordinatesForMeasurement3D:
        """Points of the midsagittal slice, shape (N, 2), that a measure refers to."""
        points = self.place.mm_to_lps(points_mm)
        return CoordinatesForMeasurement3D(kind, points, self.frame_of_reference_uid)

    def _tracking(self, name: str, shown: str = "") -> TrackingIdentifier:
        return TrackingIdentifier(self.origin.tracking_uid(name), shown or name)

    def _algorithm(self) -> AlgorithmIdentification:
        """What found the callosum, once: all other groups follow from its outline."""
        return AlgorithmIdentification(
            name=self.origin.model,
            version=self.origin.software,
            parameters=[
                f"model sha256 {self.origin.model_sha256}",
                f"settings sha256 {self.origin.config_sha256}",
            ],
            family=concepts.NETWORK,
            manufacturer="callosal",
        )


def outlined(corners_lps_mm: Array, frame_of_reference_uid: str) -> ImageRegion3D:
    """A closed polygon in patient coordinates.

    highdicom checks that its corners lie in one plane, with a matrix of N by N numbers. It is given
    some of the corners, and the polygon gets all of them afterwards.

    Args:
        corners_lps_mm: Corners in one plane, in order, shape (N, 3).
        frame_of_reference_uid: Of the patient's frame.
    """
    some = corners_lps_mm[:: 1 + len(corners_lps_mm) // _CHECKED]
    closed = np.vstack([some, some[:1]])
    region = ImageRegion3D("POLYGON", closed, frame_of_reference_uid)
    region.GraphicData = np.vstack([corners_lps_mm, corners_lps_mm[:1]]).ravel().tolist()
    return region


def say(group: Group, text: str) -> None:
    """Add a line of text to a group."""
    comment = TextContentItem(_COMMENT, text, relationship_type=RelationshipTypeValues.CONTAINS)
    group[0].ContentSequence.append(comment)
