"""Small sagittal grids: slices toward right, rows toward the feet, columns toward the back."""

import numpy as np
from highdicom import Volume
from numpy.typing import ArrayLike


def sagittal(
    values: ArrayLike,
    top_lps_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    spacing_mm: tuple[float, float, float] = (4.0, 1.0, 1.0),
) -> Volume:
    """A station whose first voxel lies at a place."""
    affine = np.eye(4)
    affine[:3, :3] = np.stack([[-1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]], axis=1) * spacing_mm
    affine[:3, 3] = top_lps_mm
    return Volume(np.asarray(values, np.float32), affine, "PATIENT")
