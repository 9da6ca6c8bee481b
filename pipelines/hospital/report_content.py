"""The content of the plan report: measurement groups of TID 1500 in patient coordinates."""

from collections.abc import Mapping, Sequence
from typing import Any

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

from callosal.pipelines.hospital import concepts
from callosal.pipelines.hospital.origin import Origin
from callosal.pipelines.slice_image import SliceImage

Array = NDArray[np.float64]
Group = PlanarROIMeasurementsAndQualitativeEvaluations | MeasurementsAndQualitativeEvaluations
_COMMENT = codes.DCM.Comment
_COSINES = tuple(
    getattr(codes.DCM, f"ImageOrientationPatient{side}{axis}")
    for side in ("Row", "Column")
    for axis in "XYZ"
)


class ReportContent:
    """Measurement groups of one plan.

    Args:
        document: Content of plan.json, with a plan.
        contour_mm: Outline of the callosum in the midsagittal slice, shape (N, 2).
        place: Place of that slice.
        frame_of_reference_uid: Of the source.
        origin: Where the tracking UIDs come from.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        contour_mm: Array,
        place: SliceImage,
        frame_of_reference_uid: str,
        origin: Origin,
    ) -> None:
        self._document = document
        self._contour_mm = contour_mm
        self._place = place
        self._frame_of_reference_uid = frame_of_reference_uid
        self._origin = origin

    def groups(self) -> list[Group]:
        """All groups, in the order in which people read them."""
        return [
            self._callosum(),
            *self._ends(),
            self._line(),
            self._box(),
            self._final(),
            *(self._stack(name, stack) for name, stack in self._document["planes"].items()),
        ]

    def _callosum(self) -> Group:
        measures = self._document["morphometry"] or {}
        named = (
            (concepts.AREA, "area_mm2", concepts.SQUARE_MILLIMETER),
            (concepts.MIDLINE_LENGTH, "midline_length_mm", concepts.MILLIMETER),
            (concepts.MEAN_THICKNESS, "thickness_mean_mm", concepts.MILLIMETER),
            (concepts.CC_INDEX, "cc_index", concepts.UNITY),
        )
        found = [
            Measurement(name, float(measures[key]), unit)
            for name, key, unit in named
            if measures.get(key) is not None
        ]
        return self._region("corpus callosum", concepts.CALLOSUM, self._contour_mm, found)

    def _ends(self) -> list[Group]:
        """Genu and splenium, where the line has its ends on them."""
        line = self._document["line"]
        if line["kind"] == "principal_axis":
            return []
        ends = (
            ("genu", concepts.GENU, line["start_mm"]),
            ("splenium", concepts.SPLENIUM, line["end_mm"]),
        )
        return [self._point(name, finding, point) for name, finding, point in ends]

    def _line(self) -> Group:
        line = self._document["line"]
        ends_mm = np.array([line["start_mm"], line["end_mm"]])
        length_mm = float(round(np.linalg.norm(ends_mm[1] - ends_mm[0]), 4))
        along = [self._coordinates("POLYLINE", ends_mm)]
        return self._measured(
            "reference line",
            concepts.LINES[line["kind"]],
            [
                Measurement(
                    concepts.LENGTH, length_mm, concepts.MILLIMETER, referenced_coordinates=along
                ),
                Measurement(concepts.ANGLE, float(line["angle_deg"]), concepts.DEGREE),
            ],
        )

    def _box(self) -> Group:
        box = self._document["box"]
        length_mm, width_mm = box["size_mm"]
        found = [
            Measurement(concepts.LENGTH, float(length_mm), concepts.MILLIMETER),
            Measurement(concepts.WIDTH, float(width_mm), concepts.MILLIMETER),
            Measurement(concepts.ANGLE, float(box["angle_deg"]), concepts.DEGREE),
        ]
        corners_mm = _rectangle(
            np.array(box["center_mm"]), _axes(box["angle_deg"]), (length_mm, width_mm)
        )
        return self._region("box", concepts.BOX, corners_mm, found)

    def _final(self) -> Group:
        document, final = self._document, self._document["final"]
        center = [self._coordinates("POINT", np.array([final["center_mm"]]))]
        found = [
            Measurement(
                concepts.ANGLE,
                float(final["angle_deg"]),
                concepts.DEGREE,
                referenced_coordinates=center,
            ),
            Measurement(concepts.CONFIDENCE, float(document["confidence"]), concepts.UNITY),
            Measurement(concepts.DOF, float(document["dof_estimated"]), concepts.UNITY),
        ]
        status = concepts.STATUSES[document["status"]]
        group = self._measured(
            "final pose",
            concepts.FINAL,
            found,
            [QualitativeEvaluation(name=concepts.STATUS, value=status)],
        )
        for reason in document["reasons"]:
            _say(group, f"reason: {reason}")
        _say(group, "Angles: tilt in the midsagittal plane, positive with the anterior end higher.")
        _say(group, "Research software; not a medical device; not for diagnosis.")
        return group

    def _stack(self, name: str, stack: Mapping[str, Any]) -> Group:
        cosines = stack["image_orientation_patient"]
        directions = np.reshape(cosines, (2, 3))
        corners = _rectangle(np.array(stack["center_lps_mm"]), directions, stack["fov_mm"])
        distance_mm = float(round(stack["thickness_mm"] + stack["gap_mm"], 4))
        along_rows_mm, along_columns_mm = stack["fov_mm"]
        found = [
            Measurement(codes.DCM.SliceThickness, float(stack["thickness_mm"]),
                        concepts.MILLIMETER),
            Measurement(codes.DCM.SpacingBetweenSlices, distance_mm, concepts.MILLIMETER),
            Measurement(concepts.N_SLICES, float(stack["n_slices"]), concepts.UNITY),
            Measurement(concepts.FOV_ROWS, float(along_rows_mm), concepts.MILLIMETER),
            Measurement(concepts.FOV_COLUMNS, float(along_columns_mm), concepts.MILLIMETER),
            *(Measurement(code, float(value), concepts.UNITY)
              for code, value in zip(_COSINES, cosines, strict=True)),
        ]  # fmt: skip
        group = self._region_lps(f"{name} stack", concepts.STACKS[name], corners, found)
        _say(group, f"{name}: {stack['prescription']}")
        return group

    def _region(
        self, name: str, finding: Code, outline_mm: Array, measurements: Sequence[Measurement]
    ) -> Group:
        return self._region_lps(name, finding, self._place.mm_to_lps(outline_mm), measurements)

    def _region_lps(
        self, name: str, finding: Code, outline_lps_mm: Array, measurements: Sequence[Measurement]
    ) -> Group:
        closed = np.vstack([outline_lps_mm, outline_lps_mm[:1]])
        return PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=self._tracking(name),
            referenced_region=ImageRegion3D("POLYGON", closed, self._frame_of_reference_uid),
            finding_type=finding,
            algorithm_id=self._algorithm(),
            finding_sites=[FindingSite(concepts.CALLOSUM)],
            geometric_purpose=codes.DCM.Outline,
            measurements=measurements,
        )

    def _point(self, name: str, finding: Code, point_mm: Sequence[float]) -> Group:
        point = self._place.mm_to_lps(np.array([point_mm]))
        return PlanarROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=self._tracking(name),
            referenced_region=ImageRegion3D("POINT", point, self._frame_of_reference_uid),
            finding_type=finding,
            algorithm_id=self._algorithm(),
            finding_sites=[FindingSite(finding)],
            geometric_purpose=codes.DCM.BoundaryPoint,
        )

    def _measured(
        self,
        name: str,
        finding: Code,
        measurements: Sequence[Measurement],
        evaluations: Sequence[QualitativeEvaluation] = (),
    ) -> Group:
        return MeasurementsAndQualitativeEvaluations(
            tracking_identifier=self._tracking(name),
            finding_type=finding,
            algorithm_id=self._algorithm(),
            finding_sites=[FindingSite(concepts.CALLOSUM)],
            measurements=measurements,
            qualitative_evaluations=evaluations or None,
        )

    def _coordinates(self, kind: str, points_mm: Array) -> CoordinatesForMeasurement3D:
        points = self._place.mm_to_lps(points_mm)
        return CoordinatesForMeasurement3D(kind, points, self._frame_of_reference_uid)

    def _tracking(self, name: str) -> TrackingIdentifier:
        return TrackingIdentifier(self._origin.tracking_uid(name), name)

    def _algorithm(self) -> AlgorithmIdentification:
        return AlgorithmIdentification(
            name=self._origin.model,
            version=self._origin.software,
            parameters=[
                f"model sha256 {self._origin.model_sha256}",
                f"settings sha256 {self._origin.config_sha256}",
            ],
            family=concepts.NETWORK,
            manufacturer="callosal",
        )


def _say(group: Group, text: str) -> None:
    """Add a line of text to a group."""
    comment = TextContentItem(_COMMENT, text, relationship_type=RelationshipTypeValues.CONTAINS)
    group[0].ContentSequence.append(comment)


def _axes(angle_deg: float) -> Array:
    """Unit vectors along and across an axis in the slice, as rows, shape (2, 2)."""
    turn = np.radians(angle_deg)
    return np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])


def _rectangle(center: Array, axes: Array, size_mm: Sequence[float]) -> Array:
    """Corners of a rectangle in turn, shape (4, D)."""
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) / 2
    return np.asarray(center + (signs * np.asarray(size_mm)) @ axes)
