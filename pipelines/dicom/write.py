"""A volume written as a classic MR series: one DICOM file a slice.

The attributes are those of the MR Image IOD (DICOM PS3.3 A.4). The patient is nobody, dates
are empty, and all UIDs follow from the content and a seed, so that equal input gives equal files.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage, generate_uid
from pydicom.valuerep import format_number_as_ds

from callosal.models.errors import InputError

_STORED_MAX = 32767  # read alike by readers that take pixels as signed and as unsigned


@dataclass(frozen=True, eq=False)
class _Stored:
    """Integer pixels and the line that turns them into intensities."""

    pixels: NDArray[np.integer]
    slope: float
    intercept: float


def write_mr_series(
    volume: Volume,
    folder: Path,
    *,
    description: str,
    seed: int = 0,
    patient_name: str = "callosal^demo",
    series_number: int = 1,
    first_instance: int = 1,
    attributes: Dataset | None = None,
) -> list[Path]:
    """Write a volume as MR Image Storage files `slice-0001.dcm` and on.

    Integers that fit 16 bits are stored as they are; anything else is scaled to 15 bits with
    Rescale Slope and Intercept. Older files `slice-*.dcm` in the folder are removed, or they
    would be read as part of the series.

    Args:
        volume: Axes (slice, row, column) without channels, in patient coordinates.
        folder: Made if absent.
        description: Series Description.
        seed: Tells series of equal content apart.
        patient_name: Patient's Name.
        series_number: Series Number.
        first_instance: Instance Number of the first slice; its file is named by it.
        attributes: Further attributes, equal in every slice; they win over those above.

    Returns:
        The files in slice order.

    Raises:
        InputError: The volume has channels, or voxels that are not finite.
    """
    stored = _stored(volume.array)
    content = hashlib.sha256(stored.pixels.tobytes() + volume.affine.tobytes()).hexdigest()
    entropy = ["callosal", str(seed), str(series_number), content]
    shared = _shared_attributes(volume, stored, entropy)
    shared.SeriesDescription = description
    shared.PatientName = patient_name
    shared.PatientID = patient_name
    shared.SeriesNumber = series_number
    shared.update(attributes or Dataset())
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.glob("slice-*.dcm"):
        stale.unlink()
    paths = []
    for index in range(volume.spatial_shape[0]):
        path = folder / f"slice-{first_instance + index:04d}.dcm"
        uid = generate_uid(entropy_srcs=[*entropy, f"instance {index}"])
        _add_slice(shared, volume, stored, index, uid)
        shared.InstanceNumber = first_instance + index
        shared.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def _stored(array: NDArray[np.generic]) -> _Stored:
    """Voxels as 16-bit integers."""
    if array.ndim != 3:
        raise InputError(
            f"volume: {array.ndim} axes; an MR series takes (slice, row, column) only, "
            "so write channels one by one",
            "volume_with_channels",
        )
    for kind in (np.uint16, np.int16):
        if np.can_cast(array.dtype, kind):
            return _Stored(array.astype(kind), 1.0, 0.0)
    values = array.astype(np.float64)
    if not np.isfinite(values).all():
        raise InputError(
            "volume: holds NaN or infinity, which DICOM pixels cannot; replace them first",
            "not_finite",
        )
    low = min(0.0, float(values.min()))
    slope = float(format_number_as_ds((float(values.max()) - low) / _STORED_MAX or 1.0))
    pixels = np.clip(np.rint((values - low) / slope), 0, _STORED_MAX).astype(np.uint16)
    return _Stored(pixels, slope, low)


def _shared_attributes(volume: Volume, stored: _Stored, entropy: list[str]) -> Dataset:
    """All that is equal in every slice, type 2 attributes without a value included."""
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SpecificCharacterSet = "ISO_IR 192"
    image.ImageType = ["DERIVED", "PRIMARY", "OTHER"]
    image.SOPClassUID = MRImageStorage
    for keyword in (
        "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID",
        "PatientBirthDate", "PatientSex", "PositionReferenceIndicator", "ScanOptions",
        "EchoTime", "EchoTrainLength", "RepetitionTime", "Laterality",
    ):  # fmt: skip
        setattr(image, keyword, None)
    image.Modality = "MR"
    image.Manufacturer = "callosal"
    image.ScanningSequence = "RM"
    image.SequenceVariant = "NONE"
    image.MRAcquisitionType = "3D"
    image.PatientPosition = "HFS"
    image.StudyInstanceUID = generate_uid(entropy_srcs=[*entropy, "study"])
    image.SeriesInstanceUID = generate_uid(entropy_srcs=[*entropy, "series"])
    image.FrameOfReferenceUID = volume.frame_of_reference_uid or generate_uid(
        entropy_srcs=[*entropy, "frame of reference"]
    )
    _add_geometry(image, volume)
    _add_pixel_description(image, stored)
    return image


def _add_geometry(image: Dataset, volume: Volume) -> None:
    """Orientation and spacing, equal in every slice."""
    between, between_rows, between_columns = volume.spacing
    image.ImageOrientationPatient = _decimals(volume.direction_cosines)
    image.PixelSpacing = _decimals((between_rows, between_columns))
    image.SliceThickness = format_number_as_ds(float(between))
    image.SpacingBetweenSlices = format_number_as_ds(float(between))


def _add_pixel_description(image: Dataset, stored: _Stored) -> None:
    """How the pixel bytes are to be read, and a window that shows them."""
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME2"
    _, image.Rows, image.Columns = stored.pixels.shape
    image.BitsAllocated = 16
    image.BitsStored = 16
    image.HighBit = 15
    image.PixelRepresentation = int(stored.pixels.dtype == np.int16)
    image.RescaleSlope = format_number_as_ds(stored.slope)
    image.RescaleIntercept = format_number_as_ds(stored.intercept)
    image.RescaleType = "US"
    low, high = np.percentile(stored.pixels[::4, ::4, ::4], [1, 99.5]) * stored.slope
    image.WindowCenter = format_number_as_ds(float(low + high) / 2 + stored.intercept)
    image.WindowWidth = format_number_as_ds(max(1.0, float(high - low)))


def _add_slice(image: Dataset, volume: Volume, stored: _Stored, index: int, uid: UID) -> None:
    """Identity, place and pixels of one slice."""
    position = volume.map_indices_to_reference(np.array([[index, 0, 0]]))[0]
    image.SOPInstanceUID = uid
    image.file_meta.MediaStorageSOPClassUID = MRImageStorage
    image.file_meta.MediaStorageSOPInstanceUID = uid
    image.ImagePositionPatient = _decimals(position)
    pixels = stored.pixels[index].astype(stored.pixels.dtype.newbyteorder("<"))
    image.PixelData = pixels.tobytes()


def _decimals(numbers: Iterable[float]) -> list[str]:
    """Numbers as decimal strings of at most 16 characters."""
    return [format_number_as_ds(float(number)) for number in numbers]
