"""The tables of the DICOM standard that making an object needs, loaded ahead of the first case."""

from highdicom import UID, SOPClass
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage


def load_standard_tables() -> None:
    """Copy patient and study of an invented image into an object that no one sees.

    highdicom reads its tables, 20 MB of JSON, when it does so for its first object. Done beside
    the planning of the first case, nobody waits for it.
    """
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID = MRImageStorage, UID()
    SOPClass(
        study_instance_uid=UID(),
        series_instance_uid=UID(),
        series_number=1,
        sop_instance_uid=UID(),
        instance_number=1,
        sop_class_uid=MRImageStorage,
        modality="MR",
    ).copy_patient_and_study_information(image)
