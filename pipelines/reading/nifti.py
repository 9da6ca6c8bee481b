"""NIfTI and MGH in: the one place where RAS becomes LPS."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from highdicom import CoordinateSystemNames, Volume, VolumeGeometry
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.pipelines.dicom.frames import MAX_POSITION_MM
from callosal.pipelines.dicom.pixel_layout import MAX_DECODED_BYTES, MAX_INTENSITY
from callosal.pipelines.reading.byte_order import is_swapped
from callosal.pipelines.reading.volume_file import VolumeFile, open_volume, read_voxels

SHEAR_TOLERANCE_MM = 0.1
"""How far the corners of a volume may lie from a grid of right angles; nearer is straightened."""

MIN_SPACING_MM, MAX_SPACING_MM = 0.01, 50.0
"""Voxels smaller or larger than this are no head: their unit is another than the header says."""

AGREEMENT_MM = 0.1
"""How far the corners may lie apart by sform and qform, for the two to agree."""

SIZE_TOLERANCE = 0.01
"""Share by which voxel sizes of pixdim and sform may differ."""

_MM_PER_UNIT = {"unknown": 1.0, "mm": 1.0, "meter": 1e3, "micron": 1e-3}
_SCANNER = 1
_SPACES = {2: "another image", 3: "Talairach space", 4: "MNI space", 5: "a template"}

Array = NDArray[np.float64]

Image = Any
"""A nibabel image, of which there are no types."""


@dataclass(frozen=True, eq=False)
class NiftiGrid:
    """Where the voxels of a file lie.

    Attributes:
        geometry: Grid in LPS mm, array axes of the file.
        notes: What a user should know of it.
    """

    geometry: VolumeGeometry
    notes: tuple[str, ...]


def read_nifti(path: Path) -> Volume:
    """Read a file of one volume in DICOM patient space; see `read_nifti_grid` for its place.

    Args:
        path: A NIfTI-1, NIfTI-2 or MGH file of one 2D or 3D image, packed or not, under any name;
            of a pair the header.

    Returns:
        Volume in LPS mm with the array axes of the file; float32 where the file is scaled or
        holds floats, else the stored integer type.

    Raises:
        InputError: As of read_nifti_grid, or `bad_nifti` (bytes missing, too many or in another
            order), `not_finite`.
    """
    file = open_volume(path)
    geometry = _grid(file).geometry  # refuses a size that is too large to read
    voxels = read_voxels(file)
    if file.kind == "nifti" and is_swapped(voxels):
        raise InputError(
            f"{file.name}: its voxels are in another byte order than its header; write it again "
            "with the program that made it",
            "bad_nifti",
        )
    return _volume(_scaled(voxels, file), geometry, file.name)


def read_nibabel(image: Image) -> tuple[Volume, NiftiGrid]:
    """A nibabel image, opened or made in memory, as `read_nifti` reads its file.

    Args:
        image: A NIfTI image of one 2D or 3D image.

    Returns:
        The volume and its grid.

    Raises:
        InputError: As in `read_nifti`; `bad_nifti` if it is not a NIfTI image.
    """
    name = "image"
    if not isinstance(image, nibabel.Nifti1Pair):
        raise InputError(
            f"{name}: a {type(image).__name__}, not a NIfTI image; give a path, a highdicom "
            "Volume, or what nibabel.Nifti1Image.from_image makes of it",
            "bad_nifti",
        )
    shape = tuple(int(length) for length in image.shape)
    dtype = image.get_data_dtype()
    grid = _grid(VolumeFile("nifti", image.header, image.header, shape, dtype, Path(), 0, name))
    try:
        voxels = np.asanyarray(image.dataobj)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise InputError(
            f"{name}: the voxels cannot be read ({type(error).__name__}); copy its file again",
            "bad_nifti",
        ) from None
    if voxels.dtype.kind == "f":
        voxels = voxels.astype(np.float32)
    native = voxels.astype(voxels.dtype.newbyteorder("="), copy=False)
    return _volume(native, grid.geometry, name), grid


def _volume(values: NDArray[Any], geometry: VolumeGeometry, name: str) -> Volume:
    voxels = values.reshape(geometry.spatial_shape)
    n_lost = 0 if voxels.dtype.kind != "f" else int((~(np.abs(voxels) <= MAX_INTENSITY)).sum())
    if n_lost:
        raise InputError(
            f"{name}: {n_lost} voxels are not numbers, or larger than any intensity; replace "
            "them, by 0 for background",
            "not_finite",
        )
    return Volume(voxels, geometry.affine, geometry.coordinate_system)


def read_nifti_grid(path: Path) -> NiftiGrid:
    """Grid of a file in LPS mm, without its voxels.

    The sform places the voxels where its code is above 0, else the qform (the NIfTI-1 standard's
    method 3 before method 2). Where they disagree, the one of code 1 is taken, because it alone
    holds the scanner's coordinates. A file with neither has no known orientation and is refused.

    Raises:
        InputError: `bad_nifti`, `unreadable`, `not_3d`, `not_grayscale`, `too_large`,
            `no_orientation`, `bad_geometry` or `sheared_affine`.
    """
    return _grid(open_volume(path))


def _grid(file: VolumeFile) -> NiftiGrid:
    shape = _spatial_shape(file)
    _check_type(file, shape)
    affine, notes = _placed_by(file, shape)
    affine[:3] *= _MM_PER_UNIT[_spatial_unit(file)]
    affine = _straighten(affine, shape, file.name)
    _check_place(affine, shape, file)
    geometry = VolumeGeometry(
        affine, shape, CoordinateSystemNames.PATIENT, from_reference_convention="RAS"
    )
    return NiftiGrid(geometry, notes)


def _placed_by(file: VolumeFile, shape: tuple[int, int, int]) -> tuple[Array, tuple[str, ...]]:
    """Affine to RAS in the unit of the file, with notes on how it was chosen."""
    if file.kind == "mgh":
        return np.array(file.header.get_affine(), float), ()
    forms, faults = _forms(file)
    if not forms and faults:
        raise InputError(f"{file.name}: {faults[0]}; set it", "bad_geometry")
    if not forms:
        raise InputError(
            f"{file.name}: has neither sform nor qform, so left and right are unknown; set one",
            "no_orientation",
        )
    taken, *others = forms
    for other in others:
        if _apart_mm(taken.affine, other.affine, shape) <= AGREEMENT_MM:
            return taken.affine, ()
        if other.code == _SCANNER != taken.code:
            taken, other = other, taken
        return taken.affine, (
            f"sform and qform disagree: the {taken.name} of code {taken.code} is taken, not the "
            f"{other.name} of code {other.code}",
        )
    faults = faults or _other_sizes(taken, file)
    notes = tuple(f"{fault}: the {taken.name} is taken" for fault in faults)
    if taken.code == _SCANNER:
        return taken.affine, notes
    return taken.affine, (
        *notes,
        f"placed by its {taken.name} alone, of code {taken.code}: aligned to {_SPACES[taken.code]}",
    )


def _other_sizes(taken: "_Form", file: VolumeFile) -> list[str]:
    """What contradicts an sform that stands alone: voxels of another size."""
    sizes = np.array(file.raw["pixdim"][1:4], float)
    if taken.name != "sform" or not (np.isfinite(sizes).all() and (sizes > 0).all()):
        return []
    columns = np.linalg.norm(taken.affine[:3, :3], axis=0)
    is_one_voxel = np.array((*file.shape[:3], 1, 1)[:3]) == 1
    if (is_one_voxel | (np.abs(sizes - columns) <= SIZE_TOLERANCE * columns)).all():
        return []
    words = [" x ".join(f"{size:.3g}" for size in values) for values in (sizes, columns)]
    return [f"its pixdim gives voxels of {words[0]}, its sform of {words[1]}"]


@dataclass(frozen=True, eq=False)
class _Form:
    name: str
    code: int
    affine: Array


def _forms(file: VolumeFile) -> tuple[list[_Form], list[str]]:
    """Sform and qform, of those that are set, and what is wrong with one that is not usable."""
    found, faults = [], []
    for name in ("sform", "qform"):
        code = int(file.raw[f"{name}_code"])
        fault = _fault_of(name, code, file)
        if fault:
            faults.append(fault)
        elif code:
            found.append(_Form(name, code, np.array(getattr(file.header, f"get_{name}")(), float)))
    return found, faults


def _fault_of(name: str, code: int, file: VolumeFile) -> str:
    """Why a form cannot be used, "" where it can or is not set."""
    if not code:
        return ""
    if code != _SCANNER and code not in _SPACES:
        return f"its {name}_code {code} is unknown"
    sizes, qfac = np.array(file.raw["pixdim"][1:4]), float(file.raw["pixdim"][0])
    if name == "qform" and not (np.isfinite(sizes).all() and (sizes > 0).all()):
        return "its qform has a pixdim that is not above 0"
    if name == "qform" and qfac not in (-1.0, 0.0, 1.0):
        return f"its qform has a pixdim[0] of {qfac:g}, so left and right are unknown"
    try:
        axes = np.array(getattr(file.header, f"get_{name}")(), float)
    except (HeaderDataError, ValueError):  # a quaternion longer than 1
        return f"its {name} is no rotation"
    has_axes = np.isfinite(axes).all() and np.linalg.norm(axes[:3, :3], axis=0).all()
    return "" if has_axes else f"its {name} has an axis of no length, or no number"


def _apart_mm(first: Array, second: Array, shape: tuple[int, int, int]) -> float:
    """Longest way between the places that two affines give to one corner."""
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in shape]), -1).reshape(-1, 3)
    difference = first[:3] - second[:3]
    apart = np.linalg.norm(corners @ difference[:, :3].T + difference[:, 3], axis=1)
    return float(apart.max()) if np.isfinite(apart).all() else np.inf


def _check_place(affine: Array, shape: tuple[int, int, int], file: VolumeFile) -> None:
    spacing_mm = np.linalg.norm(affine[:3, :3], axis=0)
    if spacing_mm.min() < MIN_SPACING_MM or spacing_mm.max() > MAX_SPACING_MM:
        sizes = " x ".join(f"{size:.3g}" for size in spacing_mm)
        raise InputError(
            f"{file.name}: voxels of {sizes} mm are no head; the header gives its unit of length "
            f"as {_spatial_unit(file)}: set the unit that is meant",
            "bad_geometry",
        )
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in shape], (1,)), -1).reshape(-1, 4)
    if np.abs(corners @ affine[:3].T).max() > MAX_POSITION_MM:
        raise InputError(
            f"{file.name}: its sform or qform places it metres away from the scanner; mend it",
            "bad_geometry",
        )


def _scaled(voxels: NDArray[Any], file: VolumeFile) -> NDArray[Any]:
    slope, inter = _slope(file)
    with np.errstate(over="ignore", invalid="ignore"):  # the caller reports it
        if (slope, inter) != (1.0, 0.0):
            return voxels.astype(np.float32) * np.float32(slope) + np.float32(inter)
        if voxels.dtype.kind == "f":
            return voxels.astype(np.float32)
    return voxels.astype(voxels.dtype.newbyteorder("="), copy=False)


def _slope(file: VolumeFile) -> tuple[float, float]:
    if file.kind == "mgh":
        return 1.0, 0.0
    try:
        slope, inter = file.header.get_slope_inter()
    except HeaderDataError:
        message = f"{file.name}: its scaling is not a number; mend it"
        raise InputError(message, "bad_nifti") from None
    return (1.0, 0.0) if slope is None or inter is None else (slope, inter)


def _spatial_unit(file: VolumeFile) -> str:
    if file.kind == "mgh":
        return "mm"
    try:
        return str(file.header.get_xyzt_units()[0])
    except KeyError:  # an unknown code: the standard's default
        return "unknown"


def _spatial_shape(file: VolumeFile) -> tuple[int, int, int]:
    shape, name = file.shape, file.name
    spatial = (*shape[:3], 1, 1)[:3]
    if len(shape) < 2 or min(shape) < 1 or any(length != 1 for length in shape[3:]):
        found = "x".join(map(str, shape))
        raise InputError(f"{name}: {found} voxels; only one 2D or 3D image is read", "not_3d")
    return spatial[0], spatial[1], spatial[2]


def _check_type(file: VolumeFile, shape: tuple[int, int, int]) -> None:
    dtype, name = file.dtype, file.name
    if dtype.kind not in "iuf":
        found = "colours" if dtype.names else f"type {dtype}"
        raise InputError(f"{name}: voxels of {found} are not grayscale", "not_grayscale")
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
    if not (np.isfinite(affine).all() and 0 < spacing_mm.min() <= spacing_mm.max() < np.inf):
        raise InputError(
            f"{name}: its orientation has an axis of no length, or no number", "bad_geometry"
        )
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
