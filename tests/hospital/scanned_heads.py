"""Phantom heads as DICOM series in every position a patient is scanned in."""

from pathlib import Path

import numpy as np
from highdicom import Volume
from highdicom.legacy import LegacyConvertedEnhancedMRImage
from pydicom import dcmread
from scipy.spatial.transform import Rotation

from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head

# How array axes (slice, row, column) run in the patient, and PatientPosition.
ORIENTATIONS = {
    "sagittal": ("RFP", "HFS"),
    "axial": ("HPL", "HFS"),
    "axial from the head down": ("FPL", "HFS"),
    "coronal": ("PFL", "HFS"),
    "axial prone": ("HAR", "HFP"),
    "sagittal decubitus": ("LPH", "HFDR"),
    "axial decubitus": ("HRP", "HFDR"),
    "feet first prone": ("FAL", "FFP"),
}
DOUBLE_OBLIQUE = Rotation.from_euler("xyz", [9, -7, 11], degrees=True).as_matrix()
IDENTITY = {
    "PatientName": "Müller^Änne",
    "PatientID": "PID-7",
    "PatientBirthDate": "19700102",
    "PatientSex": "F",
    "StudyDate": "20240229",
    "StudyTime": "101112.5",
    "AccessionNumber": "ACC-1",
    "SeriesDate": "20240229",
    "SeriesTime": "102030",
}


def turned(volume: Volume, rotation: np.ndarray, shift_mm: tuple[float, float, float]) -> Volume:
    """The same voxels with the patient turned in the header."""
    motion = np.eye(4)
    motion[:3, :3] = rotation
    motion[:3, 3] = shift_mm
    return Volume(volume.array, motion @ volume.affine, "PATIENT")


def write_scan(folder: Path, position: str) -> list[Path]:
    """A head of coarse voxels as a classic series."""
    volume = phantom_head(3, (80, 120, 120), (2.0, 2.0, 2.0)).volume
    axes, patient_position = ORIENTATIONS.get(position, ("RFP", "HFS"))
    volume = volume.to_patient_orientation(axes)
    if position == "double oblique":
        volume = turned(volume, DOUBLE_OBLIQUE, (13.0, -31.0, 8.5))
    paths = write_mr_series(volume, folder, description=position, series_number=4)
    for path in paths:
        image = dcmread(path)
        image.PatientPosition = patient_position
        for keyword, value in IDENTITY.items():
            setattr(image, keyword, value)
        image.save_as(path)
    return paths


def write_enhanced(folder: Path) -> Path:
    """A head as one multi-frame file."""
    slices = [dcmread(path) for path in write_scan(folder / "classic", "axial")]
    for image in slices:
        image.EchoTime = image.RepetitionTime = image.EchoTrainLength = "1"
        image.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    whole = LegacyConvertedEnhancedMRImage(slices[::-1], "2.25.4711", 5, "2.25.4712", 1)
    (folder / "enhanced").mkdir()
    path = folder / "enhanced" / "whole.dcm"
    whole.save_as(path, enforce_file_format=True)
    return path
