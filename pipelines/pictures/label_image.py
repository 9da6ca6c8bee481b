"""Labels and gray levels on the midsagittal slice as a NIfTI image, in their patient place."""

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.geometry.nifti_file import LPS_TO_RAS, nifti_file_bytes
from callosal.pipelines.geometry.slice_image import SliceImage


def slice_nifti_bytes(
    pixels: NDArray[np.uint8] | NDArray[np.uint16], slice_image: SliceImage
) -> bytes:
    """Bytes of a .nii.gz file of shape (H, W, 1).

    Args:
        pixels: Labels (0 outside) or gray levels, shape (H, W).
        slice_image: Gives the place; the affine is RAS, as NIfTI has it.
    """
    image = nib.Nifti1Image(pixels[..., None], LPS_TO_RAS @ slice_image.affine_lps)
    return nifti_file_bytes(image)
