"""The tables of the DICOM standard that making an object needs, loaded ahead of the first case."""

import numpy as np
from highdicom import UID, AlgorithmIdentificationSequence
from highdicom.seg import Segmentation, SegmentDescription
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from callosal.pipelines.hospital import concepts


def load_standard_tables() -> None:
    """Make one object of an invented slice, which no one sees.

    highdicom reads its tables, 20 MB of JSON, when it makes its first object. Done beside the
    planning of the first case, nobody waits for it.
    """
    Segmentation(
        source_images=[_invented_slice()],
        pixel_array=np.ones((1, 2, 2), np.uint8),
        segmentation_type="BINARY",
        segment_descriptions=[
            SegmentDescription(
                segment_number=1,
                segment_label="Corpus callosum",
                segmented_property_category=concepts.STRUCTURE,
                segmented_property_type=concepts.CALLOSUM,
                algorithm_type="AUTOMATIC",
                algorithm_identification=AlgorithmIdentificationSequence(
                    name="callosal", family=concepts.NETWORK, version="0"
                ),
            )
        ],
        series_instance_uid=UID(),
        series_number=1,
        sop_instance_uid=UID(),
        instance_number=1,
        manufacturer="callosal",
        manufacturer_model_name="callosal",
        software_versions="0",
        device_serial_number="0",
    )


def _invented_slice() -> Dataset:
    image = Dataset()
    image.SOPClassUID = MRImageStorage
    image.SOPInstanceUID, image.FrameOfReferenceUID = UID(), UID()
    image.StudyInstanceUID, image.SeriesInstanceUID = UID(), UID()
    image.Modality = "MR"
    for keyword in (
        "PatientID",
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "StudyID",
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "ReferringPhysicianName",
    ):
        setattr(image, keyword, "")
    image.Rows = image.Columns = 2
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    image.ImagePositionPatient = [0, 0, 0]
    image.PixelSpacing = [1, 1]
    image.SliceThickness = 1
    return image
