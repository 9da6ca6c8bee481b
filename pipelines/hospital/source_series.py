"""The series that an object is made of, as references and geometry without pixels."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from highdicom import VolumeGeometry
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage
from pydicom.valuerep import format_number_as_ds

from callosal.models.errors import InputError
from callosal.pipelines.dicom.grouping import Plane
from callosal.pipelines.dicom.headers import Header
from callosal.pipelines.dicom.stacks import Stack
from callosal.pipelines.hospital.derived_uid import derived_uid
from callosal.pipelines.hospital.identity import Identity, read_identity
from callosal.pipelines.hospital.report_source import ImageReference, SourceFacts
from callosal.pipelines.hospital.segmented_source import FrameReference


@dataclass(frozen=True)
class SourceSeries:
    """The slices a case was planned on, and whose they are.

    Attributes:
        stack: The slices in order.
        identity: Patient and study.
    """

    stack: Stack
    identity: Identity

    @property
    def facts(self) -> SourceFacts:
        """What a report says of the series."""
        header = self.stack.header
        return SourceFacts(
            study_uid=header.study_uid,
            series_uid=header.series_uid,
            series_number=header.series_number or 0,
            frame_of_reference_uid=header.frame_of_reference_uid,
            frames=tuple(
                f"{plane.header.sop_instance_uid} {plane.frame.index}"
                for plane in self.stack.planes
            ),
            moment=self.identity.moment,
        )

    def references(self) -> list[ImageReference]:
        """The image files, each once."""
        by_uid = {plane.header.sop_instance_uid: plane.header for plane in self.stack.planes}
        return [
            ImageReference(self.identity.sop_class_uid, uid, header.study_uid, header.series_uid)
            for uid, header in by_uid.items()
        ]

    def first_image(self) -> Dataset:
        """A data set of the first image file, with patient and study."""
        header = self.stack.planes[0].header
        return self._image(header.sop_instance_uid, header)

    def single_frames(self, indices: Iterable[int]) -> list[Dataset]:
        """One data set a slice with its geometry, whether it lies in a file of its own or not.

        highdicom lays a segmentation over a whole multi-frame image or over single-frame ones; a
        stack may be some frames of a file or frames of several, so each frame is given as a
        single-frame image with a UID of its own, that of
        `frame_references`.

        Args:
            indices: Places on the grid of the stack that hold a slice.
        """
        by_place = dict(zip(self.stack.places, self.stack.planes, strict=True))
        return [self._slice(index, by_place[index]) for index in indices]

    @property
    def grid(self) -> VolumeGeometry:
        """Grid of the slices, array axes (slice, row, column)."""
        return self.stack.geometry

    @property
    def missing(self) -> tuple[int, ...]:
        """Places of the grid that the series lacks."""
        return self.stack.missing

    def frame_references(self) -> dict[str, FrameReference]:
        """The slices that lie in multi-frame images, by the UID that stands in for each."""
        kind = self.identity.sop_class_uid
        return {
            _stand_in_uid(plane): FrameReference(
                kind, plane.header.sop_instance_uid, plane.frame.index + 1
            )
            for plane in self.stack.planes
            if self._is_frame(plane)
        }

    def _is_frame(self, plane: Plane) -> bool:
        return plane.header.layout.n_frames > 1 or self.identity.sop_class_uid != MRImageStorage

    def _image(self, sop_instance_uid: str, header: Header) -> Dataset:
        image = Dataset()
        image.SOPClassUID = self.identity.sop_class_uid
        image.SOPInstanceUID = sop_instance_uid
        image.StudyInstanceUID = header.study_uid
        image.SeriesInstanceUID = header.series_uid
        image.SpecificCharacterSet = "ISO_IR 192"
        image.Modality = "MR"
        for keyword, value in self.identity.elements.items():
            setattr(image, keyword, value)
        return image

    def _slice(self, index: int, plane: Plane) -> Dataset:
        geometry = self.stack.geometry
        uid = _stand_in_uid(plane) if self._is_frame(plane) else plane.header.sop_instance_uid
        image = self._image(uid, plane.header)
        image.SOPClassUID = MRImageStorage
        image.FrameOfReferenceUID = self.stack.header.frame_of_reference_uid
        image.Rows, image.Columns = plane.header.layout.rows, plane.header.layout.columns
        # One grid for all: slices of a stack differ in the last digits.
        image.ImageOrientationPatient = _decimals(geometry.direction_cosines)
        image.PixelSpacing = _decimals(geometry.spacing[1:])
        position = geometry.map_indices_to_reference(np.array([[index, 0, 0]]))[0]
        image.ImagePositionPatient = _decimals(position)
        thickness_mm = self.stack.frame.thickness_mm or self.stack.slice_spacing_mm
        image.SliceThickness = format_number_as_ds(float(thickness_mm))
        image.SpacingBetweenSlices = format_number_as_ds(float(self.stack.slice_spacing_mm))
        return image


def read_source(stack: Stack) -> SourceSeries:
    """Take a stack as the source of an object.

    Args:
        stack: A kept stack, as `find_cases` or `find_stacks` gives it.

    Raises:
        InputError: The images lack what an object of their study must name:
            `no_frame_of_reference` or `bad_uid`.
        OSError: The file of the first slice is gone or cannot be read.
    """
    header = stack.header
    if not header.frame_of_reference_uid:
        raise InputError(
            "the images name no frame of reference, so no object can be placed on them",
            "no_frame_of_reference",
        )
    headers = [plane.header for plane in stack.planes]
    uids = {uid for h in headers for uid in (h.study_uid, h.series_uid, h.sop_instance_uid)}
    if not all(re.fullmatch(r"[0-9][0-9.]{0,63}", uid) for uid in uids):
        raise InputError(
            "the UIDs of study, series or images are missing or malformed, so no object can "
            "refer to them",
            "bad_uid",
        )
    return SourceSeries(stack, read_identity(header))


def _stand_in_uid(plane: Plane) -> str:
    return derived_uid("frame", plane.header.sop_instance_uid, str(plane.frame.index))


def _decimals(numbers: Iterable[float]) -> list[str]:
    return [format_number_as_ds(float(number)) for number in numbers]
