"""Labels and gray levels on the midsagittal slice as a NIfTI image, in their patient place."""

import gzip

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.geometry.slice_image import SliceImage

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def slice_nifti_bytes(
    pixels: NDArray[np.uint8] | NDArray[np.uint16], slice_image: SliceImage
) -> bytes:
    """Bytes of a .nii.gz file of shape (H, W, 1).

    Args:
        pixels: Labels (0 outside) or gray levels, shape (H, W).
        slice_image: Gives the place; the affine is RAS, as NIfTI has it.
    """
    image = nib.Nifti1Image(pixels[..., None], LPS_TO_RAS @ slice_image.affine_lps)
    image.header.set_xyzt_units("mm")
    image.set_qform(image.affine, code=1)
    image.set_sform(image.affine, code=1)
    # No time stamp, so that equal pixels are equal files.
    return gzip.compress(image.to_bytes(), mtime=0)
