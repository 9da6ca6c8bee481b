"""The overlay picture as a Secondary Capture, for viewers that show neither SEG nor SR."""

import hashlib

import numpy as np
from highdicom.sc import SCImage
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.valuerep import DA, TM

from callosal.pipelines.hospital.origin import DISCLAIMER, Origin, settle
from callosal.pipelines.hospital.report_source import ReportSource
from callosal.pipelines.planning.plan_file import Plan


def overlay_capture(
    source: ReportSource, plan: Plan, overlay: Image.Image, instance_number: int = 1
) -> Dataset:
    """A picture as an object of the study.

    Args:
        source: The series that was planned on.
        plan: The plan of the case.
        overlay: The picture.
        instance_number: Its number in the series of captures of this source.

    Returns:
        A Secondary Capture; the same one for the same arguments.
    """
    origin = Origin.of(source, plan)
    pixels = np.asarray(overlay.convert("RGB"))
    reference = source.first_image()
    capture = SCImage.from_ref_dataset(
        ref_dataset=reference,
        pixel_array=pixels,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        series_instance_uid=origin.uid("sc series"),
        series_number=origin.series_number(3),
        sop_instance_uid=origin.uid("sc", hashlib.sha256(pixels.tobytes()).hexdigest()),
        instance_number=instance_number,
        manufacturer="callosal",
        manufacturer_model_name=origin.model,
        software_versions=origin.software,
        patient_orientation=("P", "F"),
        series_description=f"callosal overlay ({DISCLAIMER})",
    )
    capture.copy_patient_and_study_information(reference)
    capture.DateOfSecondaryCapture = DA(origin.moment[0])
    capture.TimeOfSecondaryCapture = TM(origin.moment[1])
    capture.BodyPartExamined = "BRAIN"
    return settle(capture, origin)
