"""Facts of a NIfTI image that do not identify the patient, and the hash of its start."""

import hashlib
from pathlib import Path

import numpy as np
from highdicom import VolumeGeometry

from callosal.models.errors import InputError
from callosal.pipelines.dicom.facts import Fact
from callosal.pipelines.dicom.tree import FileEntry
from callosal.pipelines.reading.nifti import NiftiGrid
from callosal.pipelines.reading.volume_file import pair_data

_START_BYTES = 65536
_CONTRASTS = ("T1w", "T2w", "PDw", "FLAIR")


def hash_start(path: Path, entry: FileEntry) -> str:
    """SHA-256 over the first 64 KiB of a file and its size, and over those of its pair.

    Raises:
        InputError: It cannot be read (`unreadable`).
    """
    try:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
        voxels = pair_data(path)
        if voxels is not None:
            with voxels.open("rb") as file:
                start += file.read(_START_BYTES)
            info = voxels.stat()
            start += f"{info.st_size} {info.st_mtime_ns}".encode()
    except OSError as error:
        reason = error.strerror or "input/output error"
        raise InputError(f"{entry.name}: cannot be read ({reason})", "unreadable") from None
    return hashlib.sha256(start + str(entry.size_bytes).encode()).hexdigest()


def count_slices(geometry: VolumeGeometry) -> int:
    """Voxels along the coarsest axis; the shortest of several that are as coarse."""
    spacing_mm = np.round(geometry.spacing, 3)
    order = zip(-spacing_mm, geometry.spatial_shape, strict=True)
    return int(min(order)[1])


def named_contrast(name: str) -> str | None:
    """The contrast that a file is called by, as in BIDS: T1w, T2w, PDw or FLAIR after the last "_".

    >>> named_contrast("sub-01_FLAIR.nii.gz"), named_contrast("head.nii")
    ('FLAIR', None)
    """
    suffix = name.split(".")[0].rsplit("_", 1)[-1]
    return suffix if suffix in _CONTRASTS else None


def describe_nifti(grid: NiftiGrid) -> dict[str, Fact]:
    """Facts of an image for plan.json and list-series, in the words of `describe_stack`."""
    geometry = grid.geometry
    return {
        "kind": "nifti",
        "modality": None,
        "n_files": 1,
        "n_slices": count_slices(geometry),
        "matrix": [int(length) for length in geometry.spatial_shape],
        "spacing_mm": [round(float(value), 4) for value in geometry.spacing],
        "orientation": "".join(
            letter.value for letter in geometry.get_closest_patient_orientation()
        ),
        "contrast": None,
        "notes": list(grid.notes),
    }
