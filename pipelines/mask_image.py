"""The callosum mask as a NIfTI image of one slice, in its place in the patient."""

import gzip

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.contour import LEVEL
from callosal.pipelines.slice_image import SliceImage

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def mask_nifti_bytes(component: NDArray[np.float64], slice_image: SliceImage) -> bytes:
    """Bytes of a .nii.gz file of shape (H, W, 1), 1 inside the callosum.

    Args:
        component: Probability map of the callosum alone, shape (H, W).
        slice_image: Gives the place; the affine is RAS, as NIfTI has it.
    """
    voxels = (component >= LEVEL).astype(np.uint8)[..., None]
    image = nib.Nifti1Image(voxels, LPS_TO_RAS @ slice_image.affine_lps)
    image.header.set_xyzt_units("mm")
    # No time stamp, so that equal masks are equal files.
    return gzip.compress(image.to_bytes(), mtime=0)
