"""NIfTI files: their frame, and equal bytes for equal images."""

import gzip

import nibabel as nib
import numpy as np

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Matrix from DICOM patient coordinates in mm to those of NIfTI, and back."""


def nifti_file_bytes(image: nib.Nifti1Image, code: int = 1, compresslevel: int = 3) -> bytes:
    """An image as the bytes of a .nii.gz file, without a time stamp.

    Args:
        image: The image; its unit and the codes of its affine are set here.
        code: NIfTI code of the affine: 1 scanner, 2 aligned.
        compresslevel: 1 to 9; level 9 takes four times as long as 3.
    """
    image.header.set_xyzt_units("mm")
    image.set_qform(image.affine, code=code)
    image.set_sform(image.affine, code=code)
    return gzip.compress(image.to_bytes(), compresslevel=compresslevel, mtime=0)
