"""Masks that are given, for the generator to dress with images."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.models.generation.spec import GeneratorSpec
from callosal.pipelines.synthesis.joint_image import distance_channel
from callosal.pipelines.training.nifti_pairs import read_sagittal

PATTERN = "*_mask.nii*"


@dataclass(frozen=True, eq=False)
class GivenMask:
    """A mask as a generator takes it.

    Attributes:
        name: Its folder, for the manifest.
        sha256: Hash of its voxels.
        channel: tanh(signed distance / scale) on the generator's grid, shape (H, W).
    """

    name: str
    sha256: str
    channel: NDArray[np.float32]


def read_masks(folder: Path, spec: GeneratorSpec) -> tuple[GivenMask, ...]:
    """Read every mask `*_mask.nii.gz` of a folder and its subfolders, in order of path.

    Args:
        folder: Such as the folder of a data set.
        spec: Gives the grid and the scale of the mask channel.

    Raises:
        InputError: There is no mask, or one holds other values than 0 and 1, is empty, or leaves
            the generator's field of view.
        DataError: A file cannot be read or is no sagittal slice.
    """
    paths = sorted(folder.rglob(PATTERN))
    if not paths:
        raise InputError(
            f"--given-mask {folder.name}: no file {PATTERN} in this folder or below it",
            code="no_masks",
        )
    return tuple(_given(path, spec) for path in paths)


def _given(path: Path, spec: GeneratorSpec) -> GivenMask:
    mask, spacing_mm, _ = read_sagittal(path)
    if not np.isin(np.unique(mask), (0, 1)).all() or not mask.any():
        raise InputError(
            f"{path.name}: a given mask holds 0 and 1, and 1 somewhere", code="bad_mask"
        )
    digest = hashlib.sha256(np.ascontiguousarray(mask.astype(np.uint8)).tobytes()).hexdigest()
    channel = distance_channel(
        mask.astype(np.uint8), spacing_mm, spec.shape, spec.spacing_mm, spec.sdf_scale_mm
    )
    edge = np.ones_like(channel, dtype=bool)
    edge[1:-1, 1:-1] = False
    if not (channel > 0).any() or (channel[edge] > 0).any():
        extent = " x ".join(
            f"{n * step:.0f}" for n, step in zip(spec.shape, spec.spacing_mm, strict=True)
        )
        raise InputError(
            f"{path.name}: the callosum leaves the generator's field of view of {extent} mm "
            "about the centre of the slice; centre the mask",
            code="outside_view",
        )
    return GivenMask(path.name.split(".")[0], digest, channel)
