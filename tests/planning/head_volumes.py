"""Volumes of an egg-shaped head for tests: any voxel grid, any place of the patient."""

import numpy as np
from highdicom import Volume

from callosal.pipelines.planning.head_extent import HeadExtent, find_head, reach_of_head_mm

# Where the gantry's axes (x to the right as seen from the table's foot, y down, z into the bore)
# point in the patient (L, P, H), for each PatientPosition (DICOM C.7.3.1.1.2).
GANTRY_IN_PATIENT = {
    "HFS": ([1, 0, 0], [0, 1, 0], [0, 0, 1]),
    "HFP": ([-1, 0, 0], [0, -1, 0], [0, 0, 1]),
    "HFDR": ([0, 1, 0], [-1, 0, 0], [0, 0, 1]),
    "HFDL": ([0, -1, 0], [1, 0, 0], [0, 0, 1]),
    "FFS": ([-1, 0, 0], [0, 1, 0], [0, 0, -1]),
    "FFP": ([1, 0, 0], [0, -1, 0], [0, 0, -1]),
    "FFDR": ([0, -1, 0], [-1, 0, 0], [0, 0, -1]),
    "FFDL": ([0, 1, 0], [1, 0, 0], [0, 0, -1]),
}

RADII_MM = np.array([70.0, 90.0, 80.0])
CENTER_LPS_MM = np.array([4.0, 12.0, -6.0])


def head_volume(patient_position="HFS", spacing_mm=(4.0, 3.0, 3.0), field_mm=(240.0, 240.0, 240.0)):
    """Transverse stack of an ellipsoid head, scanned along the gantry's axes.

    Brightness grows toward left, posterior and head by different steps, so that no two axes can
    be mistaken for one another.
    """
    toward_patient = np.array(GANTRY_IN_PATIENT[patient_position], dtype=float).T
    directions = toward_patient[:, [2, 1, 0]] * spacing_mm  # slices, rows, columns
    shape = np.round(np.divide(field_mm, spacing_mm)).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = directions
    affine[:3, 3] = -directions @ ((shape - 1) / 2)
    index = np.indices(shape).reshape(3, -1)
    lps = directions @ index + affine[:3, 3:]
    offset = lps - CENTER_LPS_MM[:, None]
    inside = ((offset / RADII_MM[:, None]) ** 2).sum(axis=0) < 1
    shade = 500 + offset.T @ np.array([1.0, 1.5, 2.0])
    voxels = np.where(inside, shade, 0).reshape(shape).astype(np.float32)
    return Volume(voxels, affine, coordinate_system="PATIENT", frame_of_reference_uid="1.2.3")


def moved(volume, rotation, shift_mm):
    """The same voxels with the patient moved in the header alone."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = shift_mm
    return Volume(
        volume.array,
        matrix @ volume.affine,
        coordinate_system="PATIENT",
        frame_of_reference_uid=volume.frame_of_reference_uid,
    )


def head_extent_mm(volume: Volume, axes: np.ndarray, center_lps_mm: np.ndarray) -> HeadExtent:
    """The reach of a volume's head."""
    return reach_of_head_mm(find_head(volume), axes, center_lps_mm)
