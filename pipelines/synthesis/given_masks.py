"""Masks that are given, for the generator to dress with images."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.errors import InputError
from callosal.models.generation.spec import GeneratorSpec
from callosal.pipelines.datasets.nifti_pairs import read_canonical
from callosal.pipelines.synthesis.joint_image import distance_channel

PATTERN = "*_mask.nii*"


@dataclass(frozen=True, eq=False)
class GivenMasks:
    """Mask files that are dressed in turn; each is read when its turn comes.

    Attributes:
        paths: The files, in order.
        sha256: Hash of their names and contents.
        spec: Gives the grid and the scale of the mask channel.
    """

    paths: tuple[Path, ...]
    sha256: str
    spec: GeneratorSpec

    def description(self) -> str:
        """What the manifest says of the masks."""
        return f"{len(self.paths)} given masks, sha256 {self.sha256}"

    def name(self, number: int) -> str:
        """Name of the mask for the sample of a number."""
        return self._path(number).name.split(".")[0]

    def channel(self, number: int) -> NDArray[np.float32]:
        """tanh(signed distance / scale) for the sample of a number, shape (H, W).

        Raises:
            InputError: The mask holds other values than 0 and 1, is empty, or leaves the
                generator's field of view.
            DataError: The file cannot be read or is no sagittal slice.
        """
        path, spec = self._path(number), self.spec
        mask, spacing_mm = _read_mask(path)
        center = _window_center(mask, spacing_mm, spec)
        channel = distance_channel(
            mask, spacing_mm, center, spec.shape, spec.spacing_mm, spec.sdf_scale_mm
        )
        edge = np.ones_like(channel, dtype=bool)
        edge[1:-1, 1:-1] = False
        if not (channel > 0).any() or (channel[edge] > 0).any():
            extent = " x ".join(
                f"{n * step:.0f}" for n, step in zip(spec.shape, spec.spacing_mm, strict=True)
            )
            raise InputError(
                f"{path.name}: the callosum leaves the generator's field of view of {extent} mm; "
                "centre the mask in its picture",
                code="outside_view",
            )
        return channel

    def _path(self, number: int) -> Path:
        return self.paths[number % len(self.paths)]


def find_masks(folder: Path, spec: GeneratorSpec) -> GivenMasks:
    """Find every mask `*_mask.nii.gz` of a folder and its subfolders, in order of path.

    Args:
        folder: Such as the folder of a data set.
        spec: What the generator makes.

    Raises:
        InputError: There is no mask.
    """
    paths = tuple(sorted(folder.rglob(PATTERN)))
    if not paths:
        raise InputError(
            f"--given-mask {folder.name}: no file {PATTERN} in this folder or below it",
            code="no_masks",
        )
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + path.read_bytes())
    return GivenMasks(paths, digest.hexdigest(), spec)


def _read_mask(path: Path) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """Mask (H, W) in the frame of the midsagittal slice, and its spacing."""
    voxels, affine = read_canonical(path)
    if voxels.shape[0] != 1 or not np.isin(np.unique(voxels), (0, 1)).all() or not voxels.any():
        raise InputError(
            f"{path.name}: a given mask is one sagittal slice of 0 and 1, with 1 somewhere; found "
            f"shape {voxels.shape} and values up to {voxels.max()}",
            code="bad_mask",
        )
    _, spacing_x_mm, spacing_y_mm = np.linalg.norm(affine[:3, :3], axis=0)
    mask = voxels[0].T[::-1, ::-1].astype(np.uint8)
    return mask, (float(spacing_y_mm), float(spacing_x_mm))


def _window_center(
    mask: NDArray[np.uint8], spacing_mm: tuple[float, float], spec: GeneratorSpec
) -> NDArray[np.float64]:
    """Where the generator's picture lies: about the slice, or about the callosum if it is a crop.

    A generator whose picture is less than half of the slice was trained on windows about the
    callosum.
    """
    extent_mm = np.array(mask.shape) * spacing_mm
    seen_mm = np.array(spec.shape) * spec.spacing_mm
    if seen_mm.prod() < 0.5 * extent_mm.prod():
        return np.array(ndimage.center_of_mass(mask))
    return (np.array(mask.shape) - 1) / 2
