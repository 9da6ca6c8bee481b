"""The series that an object is made of, as references and geometry without pixels."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage
from pydicom.valuerep import format_number_as_ds

from callosal.models.errors import InputError
from callosal.pipelines.dicom.grouping import Plane
from callosal.pipelines.dicom.stacks import Stack
from callosal.pipelines.hospital.derived_uid import derived_uid
from callosal.pipelines.hospital.identity import Identity, read_identity


@dataclass(frozen=True)
class SourceSeries:
    """The slices a case was planned on, and whose they are.

    Attributes:
        stack: The slices in order.
        identity: Patient and study.
    """

    stack: Stack
    identity: Identity

    def references(self) -> list[Dataset]:
        """One data set an image file; only the first tells of the patient."""
        by_uid = dict.fromkeys(plane.header.sop_instance_uid for plane in self.stack.planes)
        first, *others = by_uid
        return [self._image(first), *(self._reference(uid) for uid in others)]

    def single_frames(self, indices: Iterable[int]) -> list[Dataset]:
        """One data set a slice with its geometry, whether it lies in a file of its own or not.

        highdicom lays a segmentation over a whole multi-frame image or over single-frame ones; a
        stack may be some frames of a file or frames of several, so each frame is given as a
        single-frame image with a UID of its own, that of `stand_ins`.

        Args:
            indices: Slices of the stack.
        """
        return [self._slice(index) for index in indices]

    def stand_ins(self) -> dict[str, Plane]:
        """The slices that lie in multi-frame images, by the UID that stands in for each."""
        return {_stand_in_uid(plane): plane for plane in self.stack.planes if self._is_frame(plane)}

    def _is_frame(self, plane: Plane) -> bool:
        return plane.header.layout.n_frames > 1 or self.identity.sop_class_uid != MRImageStorage

    def _reference(self, sop_instance_uid: str) -> Dataset:
        header = self.stack.header
        image = Dataset()
        image.SOPClassUID = self.identity.sop_class_uid
        image.SOPInstanceUID = sop_instance_uid
        image.StudyInstanceUID = header.study_uid
        image.SeriesInstanceUID = header.series_uid
        return image

    def _image(self, sop_instance_uid: str) -> Dataset:
        image = self._reference(sop_instance_uid)
        image.SpecificCharacterSet = "ISO_IR 192"
        image.Modality = "MR"
        for keyword, value in self.identity.elements.items():
            setattr(image, keyword, value)
        return image

    def _slice(self, index: int) -> Dataset:
        plane, first = self.stack.planes[index], self.stack.frame
        uid = _stand_in_uid(plane) if self._is_frame(plane) else plane.header.sop_instance_uid
        image = self._image(uid)
        image.SOPClassUID = MRImageStorage
        image.FrameOfReferenceUID = self.stack.header.frame_of_reference_uid
        image.Rows, image.Columns = plane.header.layout.rows, plane.header.layout.columns
        # One grid for all: slices of a stack differ in the last digits.
        image.ImageOrientationPatient = _decimals((*first.row_dir, *first.col_dir))
        image.PixelSpacing = _decimals(first.spacing_mm)
        image.ImagePositionPatient = _decimals(plane.frame.position_lps_mm)
        image.SliceThickness = format_number_as_ds(
            float(first.thickness_mm or self.stack.slice_spacing_mm)
        )
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
    uids = (header.study_uid, header.series_uid, *(p.header.sop_instance_uid for p in stack.planes))
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
