"""The files of a finished case, read back for its review."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.errors import GeometryError, InputError
from callosal.pipelines.geometry.nifti_file import LPS_TO_RAS
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outline.contour import find_contours_mm
from callosal.pipelines.outputs.case_id import is_case_name
from callosal.pipelines.outputs.file_names import (
    CASES,
    HEAD,
    MASK,
    MIDSAGITTAL,
    PLAN,
    REFORMATS,
    RUN_FILE,
)
from callosal.pipelines.pictures.neighbour_slab import NeighbourSlab, read_slab
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.planning.plan_versions import current_plan
from callosal.pipelines.reading.nifti import read_nifti

Array = NDArray[np.float64]

_SMOOTH_PIXELS = 0.8


@dataclass(frozen=True, eq=False)
class ReviewCase:
    """One case as `callosal infer` left it.

    Attributes:
        name: Name of its folder.
        plan: Its plan.
        plan_sha256: Hash of that file.
        midsagittal: The slice, in 4096 gray levels.
        reformats: Transverse and coronal slice by name, as slice images; empty for a single slice.
        mask: 1 in the callosum, on the pixels of the slice; None if nothing was segmented.
        outline_mm: Outline of the mask, shape (N, 2); None likewise.
        head: Coarse mask of the head.
        neighbours: The slices beside the midsagittal one; None where the run kept none.
    """

    name: str
    plan: Plan
    plan_sha256: str
    midsagittal: SliceImage
    reformats: Mapping[str, SliceImage]
    mask: NDArray[np.uint8] | None
    outline_mm: Array | None
    head: Volume
    neighbours: NeighbourSlab | None = None


def case_names(output: Path) -> tuple[str, ...]:
    """Names of the cases of a run that have a plan.json, sorted.

    Raises:
        InputError: The folder is not the output of a run.
    """
    if not (output / CASES).is_dir() and not (output / RUN_FILE).is_file():
        raise InputError(
            f"{output}: holds no folder 'cases'; give the folder that `callosal infer` "
            "or `callosal bids` wrote",
            "no_run",
        )
    found = (path.parent.name for path in (output / CASES).glob(f"*/{PLAN}"))
    return tuple(sorted(name for name in found if is_case_name(name)))


def read_plan(folder: Path) -> tuple[Plan, str]:
    """The plan of a case folder, and the hash of its plan.json.

    Raises:
        InputError: It is missing, unreadable, or not a plan.
    """
    content = _plan_bytes(folder)
    return Plan.from_json(content, folder / PLAN), hashlib.sha256(content).hexdigest()


def plan_summary(folder: Path) -> dict[str, Any]:
    """Status, confidence and angle of a case folder; unchecked, for a list of thousands.

    Raises:
        InputError: plan.json is missing or not JSON.
    """
    try:
        document = current_plan(json.loads(_plan_bytes(folder)))
    except (ValueError, TypeError, AttributeError) as error:
        raise _bad_plan(folder, error) from error
    final = document.get("final") or {}
    return {
        "status": document.get("status"),
        "confidence": document.get("confidence"),
        "angle_deg": final.get("angle_deg"),
    }


def _plan_bytes(folder: Path) -> bytes:
    try:
        return (folder / PLAN).read_bytes()
    except OSError as error:
        raise _bad_plan(folder, error) from error


def _bad_plan(folder: Path, error: Exception) -> InputError:
    return InputError(
        f"{folder.name}: {PLAN} cannot be read ({type(error).__name__}); run infer again",
        "bad_plan",
    )


def read_case(output: Path, name: str) -> ReviewCase:
    """Everything that a review of one case needs.

    Args:
        output: Folder of the run.
        name: One of `case_names`.

    Raises:
        InputError: A file is missing or broken (`no_views`: nothing was kept to look at).
    """
    folder = output / CASES / name
    plan, digest = read_plan(folder)
    if not (folder / MIDSAGITTAL).is_file():
        raise InputError(
            f"{name}: has no midsagittal.nii.gz to look at ({plan.status}); a case that could "
            "not be read has none, another gets one by `callosal infer --overwrite`",
            "no_views",
        )
    midsagittal = _read_midsagittal(folder / MIDSAGITTAL)
    mask = _read_mask(folder / MASK, midsagittal)
    return ReviewCase(
        name=name,
        plan=plan,
        plan_sha256=digest,
        midsagittal=midsagittal,
        reformats={
            file.partition(".")[0]: _read_reformat(folder / file)
            for file in REFORMATS
            if (folder / file).is_file()
        },
        mask=mask,
        outline_mm=None if mask is None else _outline_mm(mask, midsagittal),
        head=read_nifti(folder / HEAD),
        neighbours=read_slab(folder),
    )


def _read_midsagittal(path: Path) -> SliceImage:
    """A slice whose array runs along (row, column, plane), as `slice_nifti_bytes` writes it."""
    image: Any = nib.load(path)
    affine_lps = LPS_TO_RAS @ np.asarray(image.affine, dtype=float)
    return _slice_image(np.asarray(image.dataobj)[..., 0], affine_lps)


def _read_reformat(path: Path) -> SliceImage:
    """A slice whose array runs along (column, row, slice), as `nifti_bytes` writes it."""
    image: Any = nib.load(path)
    affine_lps = (LPS_TO_RAS @ np.asarray(image.affine, dtype=float))[:, [1, 0, 2, 3]]
    return _slice_image(np.asarray(image.dataobj)[..., 0].T, affine_lps)


def _slice_image(pixels: NDArray[Any], affine_lps: Array) -> SliceImage:
    """A slice of pixels (row, column) and the matrix from (row, column, plane) to LPS mm."""
    spacing_mm = np.linalg.norm(affine_lps[:3, :2], axis=0)
    col_dir, row_dir = (affine_lps[:3, :2] / spacing_mm).T
    middle = (np.array(pixels.shape) - 1) / 2
    return SliceImage(
        pixels.astype(np.float32),
        (float(spacing_mm[0]), float(spacing_mm[1])),
        affine_lps[:3, 3] + affine_lps[:3, :2] @ middle,
        row_dir,
        col_dir,
    )


def _read_mask(path: Path, place: SliceImage) -> NDArray[np.uint8] | None:
    if not path.is_file():
        return None
    image: Any = nib.load(path)
    mask = (np.asarray(image.dataobj)[..., 0] > 0).astype(np.uint8)
    return mask if mask.shape == place.pixels.shape else None


def _outline_mm(mask: NDArray[np.uint8], place: SliceImage) -> Array | None:
    """Outline of the mask, its pixel steps smoothed away."""
    try:
        smooth = ndimage.gaussian_filter(mask.astype(float), _SMOOTH_PIXELS)
        return find_contours_mm(smooth, place)[0]
    except (GeometryError, IndexError):
        return None
