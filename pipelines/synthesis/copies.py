"""Is a synthetic slice a copy of a training slice?

Slices are compared as small pictures around the callosum by their correlation. What counts as a
copy follows from the training data itself: more alike than all but 1 % of the training slices are
to the most similar slice of another person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.models.errors import DataError
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.synthesis.joint_image import SyntheticSlice

SIDE = 32
STEP_MM = 3.0
FALSE_ALARMS = 0.01
MIN_SLICES = 20


@dataclass(frozen=True, eq=False)
class TrainingBank:
    """Small pictures of the training slices.

    Attributes:
        pictures: One a row, mean 0 and length 1, shape (N, SIDE * SIDE).
        threshold: Correlation above which a sample is a copy.
    """

    pictures: Array
    threshold: float

    def nearest(self, drawn: SyntheticSlice) -> float:
        """Correlation with the most similar training slice."""
        spacing_mm = (drawn.spacing_mm, drawn.spacing_mm)
        return float((self.pictures @ _picture(drawn.image, drawn.mask, spacing_mm)).max())


def training_bank(slices: Sequence[LabelledSlice]) -> TrainingBank:
    """Learn from the training slices what a copy is.

    Raises:
        DataError: There are fewer than twenty slices, too few for a threshold.
    """
    if len(slices) < MIN_SLICES:
        raise DataError(
            f"--training-data: {len(slices)} training slices; the copy check needs {MIN_SLICES}",
            code="too_few_slices",
        )
    pictures = np.stack([_picture(s.image, s.mask, s.spacing_mm) for s in slices])
    alike = pictures @ pictures.T
    np.fill_diagonal(alike, -1)
    return TrainingBank(pictures, float(np.quantile(alike.max(axis=1), 1 - FALSE_ALARMS)))


def _picture(
    image: NDArray[np.generic], mask: NDArray[np.uint8], spacing_mm: tuple[float, float]
) -> Array:
    """Small picture about the centre of the mask, mean 0 and length 1."""
    step = STEP_MM / np.array(spacing_mm)
    center = np.array(ndimage.center_of_mass(mask))
    smooth = ndimage.gaussian_filter(image.astype(np.float64), step / 2)
    shown = ndimage.affine_transform(
        smooth, step, center - step * (SIDE - 1) / 2, (SIDE, SIDE), order=1
    ).ravel()
    shown = shown - shown.mean()
    return np.asarray(shown / max(float(np.linalg.norm(shown)), 1e-9))
