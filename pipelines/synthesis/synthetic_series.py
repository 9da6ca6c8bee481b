"""A synthetic slice as a DICOM series that says of itself that it is no patient."""

from pathlib import Path

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from callosal.pipelines.datasets.pair_files import ras_affine
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.geometry.nifti_file import LPS_TO_RAS
from callosal.pipelines.synthesis.joint_image import SyntheticSlice


def write_synthetic_series(
    folder: Path, name: str, drawn: SyntheticSlice, generator: str, seed: int
) -> None:
    """Write one slice as MR Image Storage, marked as synthetic.

    Synthetic Data (0008,001C) is YES, Image Type starts with DERIVED, and the unique identifiers
    are new: they follow from the pixels and the seed.

    Args:
        folder: Folder of the series.
        name: Name of the sample; it stands where a patient's would.
        drawn: The slice.
        generator: Name of the generator, for the description.
        seed: Seed of the set.

    Raises:
        OSError: The disk is full or read-only.
    """
    pixels = drawn.image[None].astype(np.uint16)
    volume = Volume(pixels, _rows_first(drawn), coordinate_system="PATIENT")
    marks = Dataset()
    marks.SyntheticData = "YES"
    marks.DerivationDescription = f"Synthetic image of the generator {generator}, no patient"
    write_mr_series(
        volume,
        folder,
        description="synthetic T1 midsagittal",
        seed=seed,
        patient_name=f"synthetic^{name}",
        attributes=marks,
    )


def _rows_first(drawn: SyntheticSlice) -> NDArray[np.float64]:
    """Affine from (slice, row, column) to LPS: rows run to inferior, columns to posterior."""
    rows, columns = drawn.image.shape
    voxels = LPS_TO_RAS @ ras_affine(drawn.image.shape, drawn.spacing_mm)
    # Row r is voxel (0, ., rows - 1 - r), column c is voxel (0, columns - 1 - c, .).
    flip = np.array(
        [
            [1.0, 0, 0, 0],
            [0, 0, -1.0, columns - 1],
            [0, -1.0, 0, rows - 1],
            [0, 0, 0, 1.0],
        ]
    )
    return np.asarray(voxels @ flip)
