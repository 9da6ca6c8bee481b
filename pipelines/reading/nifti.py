"""NIfTI in: the one place where RAS becomes LPS."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from highdicom import CoordinateSystemNames, Volume, VolumeGeometry
from nibabel.filebasedimages import ImageFileError
from nibabel.imageglobals import logger as nibabel_logger
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.pipelines.dicom.pixel_layout import MAX_DECODED_BYTES

SHEAR_TOLERANCE_MM = 0.1
"""How far the corners of a volume may lie from a grid of right angles; nearer is straightened."""

_MM_PER_UNIT = {"unknown": 1.0, "mm": 1.0, "meter": 1e3, "micron": 1e-3}

_BROKEN_FILE_ERRORS = (OSError, EOFError, ValueError, zlib.error)

Image = Any
"""nibabel.Nifti1Image or Nifti2Image; nibabel carries no types."""


def read_nifti(path: Path) -> Volume:
    """Read a NIfTI file as a volume in DICOM patient space.

    The sform places the voxels where its code is above 0, else the qform (the NIfTI-1 standard's
    method 3 before method 2); a file with neither has no known orientation and is refused.

    Args:
        path: A .nii or .nii.gz file of one 2D or 3D image.

    Returns:
        Volume in LPS mm with the array axes of the file; float32 where the file is scaled or
        holds floats, else the stored integer type.

    Raises:
        InputError: As of read_nifti_geometry, or `bad_nifti` (data cut short), `not_finite`.
    """
    image = _open(path)
    geometry = _geometry(image, path.name)
    try:
        voxels = np.asanyarray(image.dataobj)
    except _BROKEN_FILE_ERRORS as error:
        raise InputError(
            f"{path.name}: the voxels cannot be read ({type(error).__name__}); copy it again",
            "bad_nifti",
        ) from None
    voxels = _as_native(voxels.reshape(geometry.spatial_shape))
    if not np.isfinite(voxels).all():
        raise InputError(
            f"{path.name}: {int((~np.isfinite(voxels)).sum())} voxels are not numbers; replace "
            "them, by 0 for background",
            "not_finite",
        )
    return Volume(voxels, geometry.affine, geometry.coordinate_system)


def read_nifti_geometry(path: Path) -> VolumeGeometry:
    """Grid of a NIfTI file in LPS mm, without its voxels.

    Raises:
        InputError: `bad_nifti`, `unreadable`, `not_3d`, `not_grayscale`, `too_large`,
            `no_orientation`, `bad_geometry` or `sheared_affine`.
    """
    return _geometry(_open(path), path.name)


def _open(path: Path) -> Image:
    try:
        with _quiet_nibabel():
            image = nibabel.load(path)
    except (FileNotFoundError, PermissionError):
        message = f"{path.name}: cannot be opened; check that it is there and may be read"
        raise InputError(message, "unreadable") from None
    except (*_BROKEN_FILE_ERRORS, ImageFileError, HeaderDataError, WrapStructError):
        message = f"{path.name}: not a whole NIfTI file; copy it again"
        raise InputError(message, "bad_nifti") from None
    if not isinstance(image, nibabel.Nifti1Image):
        raise InputError(f"{path.name}: a {type(image).__name__}, not a NIfTI file", "bad_nifti")
    return image


@contextmanager
def _quiet_nibabel() -> Iterator[None]:
    """Silence nibabel, which prints each header field it mends."""
    was_disabled = nibabel_logger.disabled
    nibabel_logger.disabled = True
    try:
        yield
    finally:
        nibabel_logger.disabled = was_disabled


def _geometry(image: Image, name: str) -> VolumeGeometry:
    shape = _spatial_shape(image, name)
    _check_type(image, shape, name)
    header = image.header
    if not header["sform_code"] and not header["qform_code"]:
        raise InputError(
            f"{name}: has neither sform nor qform, so left and right are unknown; set one",
            "no_orientation",
        )
    affine = image.affine.astype(float)
    affine[:3] *= _MM_PER_UNIT[_spatial_unit(header)]
    affine = _straighten(affine, shape, name)
    return VolumeGeometry(
        affine, shape, CoordinateSystemNames.PATIENT, from_reference_convention="RAS"
    )


def _spatial_unit(header: Any) -> str:
    try:
        return str(header.get_xyzt_units()[0])
    except KeyError:  # an unknown code: the standard's default
        return "unknown"


def _spatial_shape(image: Image, name: str) -> tuple[int, int, int]:
    shape = tuple(int(length) for length in image.shape)
    spatial = (*shape[:3], 1, 1)[:3]
    if len(shape) < 2 or min(shape) < 1 or any(length != 1 for length in shape[3:]):
        found = "x".join(map(str, shape))
        raise InputError(f"{name}: {found} voxels; only one 2D or 3D image is read", "not_3d")
    return spatial[0], spatial[1], spatial[2]


def _check_type(image: Image, shape: tuple[int, int, int], name: str) -> None:
    dtype = image.get_data_dtype()
    if dtype.kind not in "iuf":
        raise InputError(f"{name}: voxels of type {dtype} are not grayscale", "not_grayscale")
    n_bytes = shape[0] * shape[1] * shape[2] * max(dtype.itemsize, 4)
    if n_bytes > MAX_DECODED_BYTES:
        raise InputError(
            f"{name}: declares {n_bytes / 2**30:.1f} GiB of voxels; at most "
            f"{MAX_DECODED_BYTES / 2**30:.0f} GiB are read",
            "too_large",
        )


def _straighten(
    affine: NDArray[np.float64], shape: tuple[int, int, int], name: str
) -> NDArray[np.float64]:
    """The nearest affine with right angles, about the centre of the volume.

    The rotation is the orthogonal polar factor of the directions, the nearest orthogonal
    matrix (Higham 1986, SIAM J. Sci. Stat. Comput. 7:1160).
    """
    spacing_mm = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or spacing_mm.min() <= 0:
        raise InputError(f"{name}: its sform or qform has an axis of no length", "bad_geometry")
    left, _, right = np.linalg.svd(affine[:3, :3] / spacing_mm)
    straight = affine.copy()
    straight[:3, :3] = left @ right * spacing_mm
    center = (np.array(shape) - 1) / 2
    straight[:3, 3] += (affine[:3, :3] - straight[:3, :3]) @ center
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in shape]), -1).reshape(-1, 3) - center
    shift_mm = np.linalg.norm(corners @ (affine - straight)[:3, :3].T, axis=1).max()
    if shift_mm > SHEAR_TOLERANCE_MM:
        raise InputError(
            f"{name}: its axes are not at right angles (off by up to {shift_mm:.1f} mm), as after "
            "an affine registration; resample it",
            "sheared_affine",
        )
    return straight


def _as_native(voxels: NDArray[Any]) -> NDArray[Any]:
    if voxels.dtype.kind == "f":
        return voxels.astype(np.float32)
    return voxels.astype(voxels.dtype.newbyteorder("="), copy=False)
