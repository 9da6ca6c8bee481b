"""Coarse anatomy: which pixels belong together, for images that are painted anew.

Regions come from the intensities of a labelled slice, as SynthSeg fills in what its label maps
leave out (Billot et al. 2023, Med Image Anal 86:102789), or from a mask alone as random blobs
(SynthMorph: Hoffmann et al. 2022, IEEE TMI 41:543).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.cluster.vq import kmeans2

from callosal.models.errors import DataError
from callosal.pipelines.phantom.arch import pixel_axes_mm
from callosal.pipelines.phantom.texture import smooth_field

MIN_CLASSES, MAX_CLASSES = 2, 32


@dataclass(frozen=True, eq=False)
class TissueClasses:
    """Regions of one slice and how bright they were.

    Attributes:
        regions: Class of each pixel, from 0 on; the callosum is the last class; shape (H, W).
        levels: Mean intensity of each class, the brightest about 1, shape (classes + 1,).
    """

    regions: NDArray[np.uint8]
    levels: NDArray[np.float64]


def tissue_classes(
    image: NDArray[np.generic], mask: NDArray[np.uint8], spacing_mm: float, classes: int = 7
) -> TissueClasses:
    """Split a labelled slice into classes of intensity, the callosum apart.

    Args:
        image: Intensities of any scale, shape (H, W).
        mask: Callosum, 0 or 1, shape (H, W), not empty.
        spacing_mm: Pixel size; 0.6 mm of smoothing keeps noise from making regions.
        classes: Classes beside the callosum, air among them, 2 to 32.

    Raises:
        DataError: The image is flat, so there is nothing to tell apart, or the mask is empty.
    """
    _check(mask, classes)
    values = image.astype(np.float64)
    top = float(np.percentile(values, 99.9))
    if not top > values.min():
        raise DataError("anatomy: the image is flat; it has no regions", code="flat_image")
    smooth = ndimage.gaussian_filter(values / top, 0.6 / spacing_mm).clip(0, 1)
    tissue = smooth[smooth > 0.05]
    starts = np.r_[0.0, np.quantile(tissue, (np.arange(classes - 1) + 0.5) / (classes - 1))]
    levels, _ = kmeans2(smooth.ravel()[::7], np.unique(starts), minit="matrix", missing="warn")
    levels = np.sort(levels)
    regions = np.searchsorted((levels[1:] + levels[:-1]) / 2, smooth).astype(np.uint8)
    regions[mask > 0] = len(levels)
    inside = float(smooth[mask > 0].mean())
    return TissueClasses(regions, np.r_[levels, inside])


def blobs_around(
    mask: NDArray[np.uint8], spacing_mm: float, rng: np.random.Generator, classes: int = 7
) -> TissueClasses:
    """Random blobs of 4 to 16 mm around a callosum that comes without an image.

    Args:
        mask: Callosum, 0 or 1, shape (H, W), not empty.
        spacing_mm: Pixel size in mm.
        rng: Source of the blobs.
        classes: Classes beside the callosum, 2 to 32.

    Raises:
        DataError: The mask is empty.
    """
    _check(mask, classes)
    height, width = mask.shape
    x, y = pixel_axes_mm((height, width), (spacing_mm, spacing_mm))
    axes = (y[:, 0], x[0])
    fields = [smooth_field(rng, axes, cell) for cell in rng.uniform(2, 8, classes)]
    regions = np.argmax(fields, axis=0).astype(np.uint8)
    regions[mask > 0] = classes
    return TissueClasses(regions, rng.uniform(0, 1, classes + 1))


def _check(mask: NDArray[np.uint8], classes: int) -> None:
    if not MIN_CLASSES <= classes <= MAX_CLASSES:
        raise DataError(
            f"anatomy: classes {classes} must lie in {MIN_CLASSES} to {MAX_CLASSES}",
            code="wrong_usage",
        )
    if not mask.any():
        raise DataError("anatomy: the mask is empty", code="empty_mask")
