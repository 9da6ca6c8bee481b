"""What a finished run keeps of a case, read back for its review."""

import hashlib
import json
import re
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
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outline.contour import find_contours_mm
from callosal.pipelines.outputs.case_folder import REFORMATS
from callosal.pipelines.pictures.label_image import LPS_TO_RAS
from callosal.pipelines.planning.plan_validation import validate_plan
from callosal.pipelines.planning.plan_versions import current_plan
from callosal.pipelines.reading.nifti import read_nifti

Array = NDArray[np.float64]

_SMOOTH_PIXELS = 0.8
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True, eq=False)
class ReviewCase:
    """One case as `callosal infer` left it.

    Attributes:
        name: Name of its folder.
        plan: Content of plan.json.
        plan_sha256: Hash of that file.
        midsagittal: The slice, in 4096 gray levels.
        reformats: Transverse and coronal slice by name, as slice images; empty for a slice alone.
        outline_mm: Outline of the mask, shape (N, 2); None where nothing was segmented.
        head: Coarse mask of the head.
    """

    name: str
    plan: Mapping[str, Any]
    plan_sha256: str
    midsagittal: SliceImage
    reformats: Mapping[str, SliceImage]
    outline_mm: Array | None
    head: Volume


def case_names(output: Path) -> tuple[str, ...]:
    """Names of the cases of a run that have a plan.json, sorted.

    Raises:
        InputError: The folder is not the output of a run.
    """
    if not (output / "cases").is_dir():
        raise InputError(
            f"{output}: holds no folder 'cases'; give the folder that `callosal infer --output` "
            "wrote",
            "no_run",
        )
    found = (path.parent.name for path in (output / "cases").glob("*/plan.json"))
    return tuple(sorted(name for name in found if _NAME.fullmatch(name)))


def read_plan(folder: Path) -> tuple[dict[str, Any], str]:
    """Content and hash of the plan.json of a case folder.

    Raises:
        InputError: It is missing, unreadable, or not a plan.
    """
    content = _plan_bytes(folder)
    plan = current_plan(_parsed(content, folder))
    validate_plan(plan)
    return plan, hashlib.sha256(content).hexdigest()


def plan_summary(folder: Path) -> dict[str, Any]:
    """Status, confidence and angle of a case folder; unchecked, for a list of thousands.

    Raises:
        InputError: plan.json is missing or no JSON.
    """
    plan = current_plan(_parsed(_plan_bytes(folder), folder))
    final = plan.get("final") or {}
    return {
        "status": plan.get("status"),
        "confidence": plan.get("confidence"),
        "angle_deg": final.get("angle_deg"),
    }


def _plan_bytes(folder: Path) -> bytes:
    try:
        return (folder / "plan.json").read_bytes()
    except OSError as error:
        raise _bad_plan(folder, error) from error


def _parsed(content: bytes, folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(content))
    except (ValueError, TypeError) as error:
        raise _bad_plan(folder, error) from error


def _bad_plan(folder: Path, error: Exception) -> InputError:
    return InputError(
        f"{folder.name}: plan.json cannot be read ({type(error).__name__}); run infer again",
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
    folder = output / "cases" / name
    plan, digest = read_plan(folder)
    if not (folder / "midsagittal.nii.gz").is_file():
        raise InputError(
            f"{name}: has no midsagittal.nii.gz to look at ({plan['status']}); a case that could "
            "not be read has none, another gets one by `callosal infer --overwrite`",
            "no_views",
        )
    midsagittal = _read_midsagittal(folder / "midsagittal.nii.gz")
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
        outline_mm=_read_outline_mm(folder / "mask.nii.gz", midsagittal),
        head=read_nifti(folder / "head.nii.gz"),
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


def _read_outline_mm(path: Path, place: SliceImage) -> Array | None:
    """Outline of the mask, its pixel steps smoothed away."""
    if not path.is_file():
        return None
    image: Any = nib.load(path)
    mask = np.asarray(image.dataobj)[..., 0].astype(float)
    if mask.shape != place.pixels.shape:
        return None
    try:
        return find_contours_mm(ndimage.gaussian_filter(mask, _SMOOTH_PIXELS), place)[0]
    except (GeometryError, IndexError):
        return None
