"""The slices of a source, from an earlier segmentation and report, when the images are not at hand.

The segmentation holds the grid, and place and name of the slices that it labels; the report names
all images of the series, in the order of the grid. So a corrected mask may reach slices that the
first one did not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from highdicom import CoordinateSystemNames, VolumeGeometry
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage
from pydicom.valuerep import format_number_as_ds

from callosal.models.errors import InputError
from callosal.pipelines.hospital.derived_uid import derived_uid
from callosal.pipelines.hospital.report_source import (
    ImageReference,
    ReportedSource,
    ReportSource,
    SourceFacts,
)

Array = NDArray[np.float64]

_ROOM = 200
"""Slices of a grid on each side of those that are known, where the whole series is not."""

_TOLERANCE_MM = 0.05
"""How far a slice may lie from its place on the grid: headers round their numbers."""


@dataclass(frozen=True)
class FrameReference:
    """One slice as an object refers to it.

    Attributes:
        sop_class_uid: Kind of its image file.
        sop_instance_uid: That file.
        frame_number: Its frame in the file, from 1; None of a file of one slice.
    """

    sop_class_uid: str
    sop_instance_uid: str
    frame_number: int | None = None


class SlicedSource(ReportSource, Protocol):
    """Whatever knows the slices of a plan's source."""

    @property
    def grid(self) -> VolumeGeometry:
        """Grid of the slices, array axes (slice, row, column)."""

    @property
    def missing(self) -> tuple[int, ...]:
        """Places of the grid on which no slice lies that could be labelled."""

    def single_frames(self, indices: Iterable[int]) -> list[Dataset]:
        """One data set a slice with its geometry; slices of larger files have stand-in UIDs."""

    def frame_references(self) -> Mapping[str, FrameReference]:
        """The slices that lie in multi-frame images, by the UID that stands in for each."""


@dataclass(frozen=True, eq=False)
class SegmentedSource:
    """The source of an earlier segmentation.

    Attributes:
        report: The report of the same plan, which names patient, study and images.
        grid: Grid of the slices.
        slices: The slices that are known, by their place on the grid.
        thickness_mm: Of each slice.
    """

    report: ReportedSource
    grid: VolumeGeometry
    slices: Mapping[int, FrameReference]
    thickness_mm: float

    @classmethod
    def of(cls, segmentation: Dataset, report: ReportedSource, has_gaps: bool) -> "SegmentedSource":
        """The source of a segmentation of `callosum_segmentation`.

        Args:
            segmentation: That of a plan.
            report: The report of the same plan.
            has_gaps: Whether the series lacks slices of its grid; then the order of its images does
                not tell where each lies, and only the labelled ones are known.

        Raises:
            InputError: The segmentation names no slices, or they lie on no grid (`no_source`).
        """
        known = _known_slices(segmentation)
        shared = segmentation.SharedFunctionalGroupsSequence[0]
        measures = shared.PixelMeasuresSequence[0]
        cosines = np.reshape(
            np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, dtype=float),
            (2, 3),
        )
        # Slices grow along row_dir x col_dir, as in a stack.
        step_mm = np.cross(*cosines) * float(measures.SpacingBetweenSlices)
        images = [] if has_gaps else [image.sop_instance_uid for image in report.references()]
        places = _places(known, images, step_mm)
        first, position_mm = next(iter(places)), known[0][1]
        down_mm, across_mm = (float(value) for value in measures.PixelSpacing)
        affine = np.eye(4)
        affine[:3, :3] = np.stack([step_mm, cosines[1] * down_mm, cosines[0] * across_mm], axis=1)
        affine[:3, 3] = position_mm - first * step_mm
        room = 0 if len(places) == len(images) else _ROOM
        shape = (max(places) + 1 + room, int(segmentation.Rows), int(segmentation.Columns))
        grid = VolumeGeometry(
            affine, shape, CoordinateSystemNames.PATIENT, str(segmentation.FrameOfReferenceUID)
        )
        return cls(report, grid, places, float(measures.SliceThickness))

    @property
    def facts(self) -> SourceFacts:
        """The series that was planned on."""
        return self.report.facts

    @property
    def missing(self) -> tuple[int, ...]:
        """None: a label on a slice that nothing names is refused by `single_frames`."""
        return ()

    def references(self) -> list[ImageReference]:
        """The images that the report refers to."""
        return self.report.references()

    def first_image(self) -> Dataset:
        """A data set of the first image, with patient and study."""
        return self.report.first_image()

    def single_frames(self, indices: Iterable[int]) -> list[Dataset]:
        """One data set a slice with its geometry.

        Raises:
            InputError: The earlier objects do not name one of the slices (`unknown_slice`).
        """
        return [self._slice(index) for index in indices]

    def frame_references(self) -> Mapping[str, FrameReference]:
        """The slices that lie in multi-frame images, by the UID that stands in for each."""
        return {_stand_in(one): one for one in self.slices.values() if one.frame_number is not None}

    def _slice(self, index: int) -> Dataset:
        if index not in self.slices:
            raise InputError(
                "the mask reaches a slice of the series that seg.dcm does not name, so it cannot "
                "be marked there",
                "unknown_slice",
            )
        one = self.slices[index]
        image = self.first_image()
        image.SOPClassUID = MRImageStorage
        image.SOPInstanceUID = one.sop_instance_uid if one.frame_number is None else _stand_in(one)
        image.FrameOfReferenceUID = self.grid.frame_of_reference_uid
        image.Rows, image.Columns = self.grid.spatial_shape[1:]
        image.ImageOrientationPatient = _decimals(self.grid.direction_cosines)
        image.PixelSpacing = _decimals(self.grid.spacing[1:])
        position = self.grid.map_indices_to_reference(np.array([[index, 0, 0]]))[0]
        image.ImagePositionPatient = _decimals(position)
        image.SliceThickness = format_number_as_ds(self.thickness_mm)
        image.SpacingBetweenSlices = format_number_as_ds(float(self.grid.spacing[0]))
        return image


def _known_slices(segmentation: Dataset) -> list[tuple[FrameReference, Array]]:
    """Name and position of each slice that a segmentation labels."""
    found = []
    for frame in segmentation.PerFrameFunctionalGroupsSequence:
        images = frame.DerivationImageSequence[0].SourceImageSequence
        number = images[0].get("ReferencedFrameNumber")
        reference = FrameReference(
            str(images[0].ReferencedSOPClassUID),
            str(images[0].ReferencedSOPInstanceUID),
            None if number is None else int(number),
        )
        position = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        found.append((reference, position))
    if not found:
        raise InputError("the segmentation labels no slice", "no_source")
    return found


def _places(
    known: list[tuple[FrameReference, Array]], images: list[str], step_mm: Array
) -> dict[int, FrameReference]:
    """Place on the grid of each slice that can be named; the first known one comes first."""
    spacing_mm = float(np.linalg.norm(step_mm))
    heights = [float((p - known[0][1]) @ step_mm) / spacing_mm**2 for _, p in known]
    steps = [round(height) for height in heights]
    if max(abs(h - s) for h, s in zip(heights, steps, strict=True)) * spacing_mm > _TOLERANCE_MM:
        raise InputError("the slices of the segmentation lie on no even grid", "no_source")
    names = [reference.sop_instance_uid for reference, _ in known]
    start = images.index(names[0]) if names[0] in images else 0
    if known[0][0].frame_number is None and set(names) <= set(images):
        in_order = all(
            0 <= start + step < len(images) and images[start + step] == name
            for step, name in zip(steps, names, strict=True)
        )
        if in_order:
            kind = known[0][0].sop_class_uid
            rest = {place: FrameReference(kind, uid) for place, uid in enumerate(images)}
            return {start: rest.pop(start), **rest}
    # Frames of larger files, or a series with gaps: only what the segmentation itself names.
    start = _ROOM - min(steps)
    return {start + step: one for step, (one, _) in zip(steps, known, strict=True)}


def _stand_in(one: FrameReference) -> str:
    return derived_uid("frame", one.sop_instance_uid, str((one.frame_number or 1) - 1))


def _decimals(numbers: Iterable[float]) -> list[str]:
    return [format_number_as_ds(float(number)) for number in numbers]
