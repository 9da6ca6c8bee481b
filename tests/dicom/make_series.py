"""Makes small MR series as DICOM files, sound or broken on purpose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import EnhancedMRImageStorage, ExplicitVRLittleEndian, MRImageStorage

SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


@dataclass(frozen=True)
class SeriesRecipe:
    """What a made series is like; lengths in mm."""

    n_slices: int = 10
    rows: int = 20
    columns: int = 16
    spacing_mm: tuple[float, float] = (8.0, 9.0)
    slice_spacing_mm: float = 5.0
    orientation: Sequence[float] = SAGITTAL
    origin_lps_mm: Sequence[float] = (-25.0, -70.0, 80.0)
    number: int = 1
    tags: Mapping[str, object] = field(default_factory=dict)

    @property
    def normal(self) -> NDArray[np.float64]:
        return np.cross(self.orientation[:3], self.orientation[3:])

    def position(self, index: int) -> list[float]:
        offset = index * self.slice_spacing_mm * self.normal
        return [float(value) for value in np.asarray(self.origin_lps_mm) + offset]

    def pixels(self, index: int) -> NDArray[np.uint16]:
        rng = np.random.default_rng([self.number, index])
        return rng.integers(0, 4096, (self.rows, self.columns), dtype=np.uint16)


def make_slice(recipe: SeriesRecipe, index: int) -> Dataset:
    """One classic MR image with all that a reader needs."""
    ds = _common(recipe, MRImageStorage)
    ds.SOPInstanceUID = f"1.2.3.{recipe.number}.{index + 1}"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.ImagePositionPatient = recipe.position(index)
    ds.ImageOrientationPatient = list(recipe.orientation)
    ds.PixelSpacing = list(recipe.spacing_mm)
    ds.SliceThickness = recipe.slice_spacing_mm
    ds.EchoTime = 2.5
    ds.RepetitionTime = 2000
    ds.InversionTime = 900
    ds.InstanceNumber = recipe.n_slices - index  # against the order of the slices, on purpose
    ds.PixelData = recipe.pixels(index).tobytes()
    for keyword, value in recipe.tags.items():
        setattr(ds, keyword, value)
    return ds


def make_series(recipe: SeriesRecipe) -> list[Dataset]:
    """All slices of a classic series."""
    return [make_slice(recipe, index) for index in range(recipe.n_slices)]


def write_slices(folder: Path, slices: Sequence[Dataset]) -> list[Path]:
    """Write slices under names that say nothing of their order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{(7 * index + 3) % 1009:04d}" for index in range(len(slices))]
    for ds, path in zip(slices, paths, strict=True):
        ds.save_as(path, enforce_file_format=True)
    return paths


def make_enhanced(recipe: SeriesRecipe) -> Dataset:
    """An enhanced multi-frame MR image; slopes grow from frame to frame."""
    ds = _common(recipe, EnhancedMRImageStorage)
    ds.SOPInstanceUID = f"1.2.3.{recipe.number}.1"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.NumberOfFrames = recipe.n_slices
    shared = Dataset()
    shared.PlaneOrientationSequence = _item("ImageOrientationPatient", list(recipe.orientation))
    shared.PixelMeasuresSequence = _item("PixelSpacing", list(recipe.spacing_mm))
    shared.MREchoSequence = _item("EffectiveEchoTime", 2.5)
    ds.SharedFunctionalGroupsSequence = DicomSequence([shared])
    ds.PerFrameFunctionalGroupsSequence = DicomSequence(
        [_frame_groups(recipe, index) for index in range(recipe.n_slices)]
    )
    ds.PixelData = b"".join(recipe.pixels(index).tobytes() for index in range(recipe.n_slices))
    for keyword, value in recipe.tags.items():
        setattr(ds, keyword, value)
    return ds


def _frame_groups(recipe: SeriesRecipe, index: int) -> Dataset:
    groups = Dataset()
    groups.PlanePositionSequence = _item("ImagePositionPatient", recipe.position(index))
    groups.FrameContentSequence = _item("TemporalPositionIndex", 1)
    groups.PixelValueTransformationSequence = _item("RescaleSlope", 1 + index)
    groups.PixelValueTransformationSequence[0].RescaleIntercept = -index
    return groups


def _item(keyword: str, value: object) -> DicomSequence:
    item = Dataset()
    setattr(item, keyword, value)
    return DicomSequence([item])


def _common(recipe: SeriesRecipe, sop_class: str) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = sop_class
    ds.SOPClassUID = sop_class
    ds.Modality = "MR"
    ds.PatientName = "Marker^Patient"
    ds.PatientID = "MARKER-ID"
    ds.SeriesDescription = "MARKER description"
    ds.StudyInstanceUID = "1.2.3"
    ds.SeriesInstanceUID = f"1.2.3.{recipe.number}"
    ds.SeriesNumber = recipe.number
    ds.FrameOfReferenceUID = "1.2.3.99"
    ds.PatientPosition = "HFS"
    ds.MagneticFieldStrength = 3
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    ds.Rows, ds.Columns = recipe.rows, recipe.columns
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    return ds
