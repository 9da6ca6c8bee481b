"""T1-weighted pictures and heads shown with the tissue contrast of another weighting.

Tissues are distinguished by their intensity over that of the callosum. Partial volume and texture
stay those of the scanner; tissues that are alike on T1 stay alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from highdicom import Volume
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.callosum.segmentation import Callosum

TISSUES: Final = (0.0, 0.2, 0.6, 0.85, 1.0, 1.6)
"""Intensities on T1 over that of the callosum: air, fluid, grey and white matter, callosum, fat."""

BRIGHTNESS: Final = 1000.0
"""Intensity that 1 becomes."""

CORE_MM: Final = 2.5
"""Bridges between brain and skull that are thinner than twice this are cut."""

SULCUS_MM: Final = 7.0
"""Fluid is counted as brain this far from tissue, if tissue surrounds it."""


@dataclass(frozen=True)
class Weighting:
    """Intensity of each tissue, 1 for the brightest.

    Attributes:
        fluid: Of fluid.
        grey: Of grey matter.
        white: Of white matter.
        callosum: Of the callosum.
        fat: Of fat.
    """

    fluid: float
    grey: float
    white: float
    callosum: float
    fat: float

    def reweighted(self, relative: Array, brain: Array) -> Array:
        """Intensities with this contrast.

        Args:
            relative: T1 intensities over that of the callosum.
            brain: Share of each element that is brain, 0 to 1, same shape. Outside of the brain
                what is as dark as fluid is bone or air and stays dark.
        """
        shared = (self.grey, self.white, self.callosum, self.fat)
        inside = np.interp(relative, TISSUES, [0.3 * self.fluid, self.fluid, *shared])
        outside = np.interp(relative, TISSUES, [0.0, 0.1, *shared])
        return np.asarray(BRIGHTNESS * (brain * inside + (1 - brain) * outside))


WEIGHTINGS: Final[Mapping[str, Weighting]] = {
    "T2-like": Weighting(1.0, 0.5, 0.32, 0.25, 0.6),
    "FLAIR-like": Weighting(0.1, 0.62, 0.48, 0.42, 0.5),
    "proton-density-like": Weighting(0.8, 0.85, 0.65, 0.58, 0.8),
    "infant-like T1": Weighting(0.15, 0.55, 0.4, 0.32, 0.9),
}


def reweighted_head(head: Volume, callosum: Callosum, weighting: Weighting) -> Volume:
    """A T1-weighted head in another contrast, on the same grid.

    Args:
        head: The head, array of shape (I, J, K).
        callosum: What was found on its midsagittal slice.
        weighting: The contrast.

    Raises:
        GeometryError: No brain is found about the callosum (`no_brain`).
    """
    bright = float(np.median(callosum.slice_image.pixels[callosum.mask > 0]))
    relative = np.asarray(head.array, float) / max(bright, 1e-6)
    center_lps_mm = callosum.slice_image.mm_to_lps(callosum.box.center_mm)
    brain = _brain_share(relative, head, center_lps_mm)
    pixels = weighting.reweighted(relative, brain).astype(np.float32)
    return Volume(pixels, head.affine, head.coordinate_system)


def _brain_share(relative: Array, head: Volume, center_lps_mm: Array) -> Array:
    """1 in the brain with its fluid, 0 outside, with a soft border, shape (I, J, K)."""
    spacing = np.array(head.spacing)
    distance = ndimage.distance_transform_edt
    tissue = (relative > 0.45) & (relative < 1.3)
    labels, count = ndimage.label(distance(tissue, sampling=spacing) > CORE_MM)
    center = np.rint((np.linalg.inv(head.affine) @ [*center_lps_mm, 1.0])[:3]).astype(int)
    reach = np.ceil(15.0 / spacing).astype(int)
    about = tuple(slice(max(c - r, 0), c + r + 1) for c, r in zip(center, reach, strict=True))
    sizes = np.bincount(labels[about].ravel(), minlength=count + 1)
    sizes[0] = 0
    if not sizes.any():
        raise GeometryError("head: no tissue about the callosum; is it a T1?", "no_brain")
    apart = distance(labels != sizes.argmax(), sampling=spacing)
    closed = distance(apart <= CORE_MM + SULCUS_MM + 1.5, sampling=spacing) > SULCUS_MM
    filled = ndimage.binary_fill_holes(closed)
    return np.asarray(ndimage.gaussian_filter(filled.astype(float), 2.0 / spacing))
