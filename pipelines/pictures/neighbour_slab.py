"""The slices beside the midsagittal one as a small volume, and their masks as another.

Both have five layers 2 mm apart, from the patient's left to the right. The middle layer is the
midsagittal slice itself, moved by less than a pixel onto the grid of the others, so that any viewer
shows one whole slab. Gray levels are those of midsagittal.nii.gz in steps of one byte, which takes
half the space.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.errors import InputError
from callosal.pipelines.geometry.nifti_file import LPS_TO_RAS, nifti_file_bytes
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.sagittal_slice import NEIGHBOURS_MM
from callosal.pipelines.outputs.file_names import NEIGHBOUR_MASKS, NEIGHBOURS
from callosal.pipelines.pictures.review_views import LEVELS

_LAYERS_MM = (*NEIGHBOURS_MM[:2], 0.0, *NEIGHBOURS_MM[2:])
_STEP_MM = _LAYERS_MM[1] - _LAYERS_MM[0]
_MIDDLE = _LAYERS_MM.index(0.0)

Masks = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class NeighbourSlab:
    """The slices beside the midsagittal one.

    Attributes:
        slices: One for each of `NEIGHBOURS_MM`, in 4096 gray levels, with one pixel grid.
        masks: 1 in the callosum, shape (4, H, W).
    """

    slices: tuple[SliceImage, ...]
    masks: Masks


def slab_files(
    midsagittal: SliceImage, mask: Masks, slices: Sequence[SliceImage], masks: Masks
) -> dict[str, bytes]:
    """Content of both files by name.

    Args:
        midsagittal: The midsagittal slice.
        mask: Its mask, shape (H, W).
        slices: Raw intensities of the slices at `NEIGHBOURS_MM`, all in its frame.
        masks: 1 in the callosum, shape (4, H', W').
    """
    low, high = float(midsagittal.pixels.min()), float(midsagittal.pixels.max())
    scale = (LEVELS - 1) / (high - low) if high > low else 0.0
    pixels = [one.pixels for one in slices]
    pixels.insert(_MIDDLE, _moved(midsagittal.pixels, midsagittal, slices[0], order=1))
    levels = ((np.stack(pixels, axis=-1) - low) * scale).clip(0, LEVELS - 1)
    image = nib.Nifti1Image(levels, _affine_ras(slices[0]))
    # nibabel keeps slope and intercept, so that readers see the levels again.
    image.set_data_dtype(np.uint8)
    return {
        NEIGHBOURS: nifti_file_bytes(image, compresslevel=3),
        NEIGHBOUR_MASKS: slab_mask_bytes(midsagittal, mask, slices, masks),
    }


def slab_mask_bytes(
    midsagittal: SliceImage, mask: Masks, slices: Sequence[SliceImage], masks: Masks
) -> bytes:
    """The masks of all five layers as a .nii.gz file; arguments as of `slab_files`."""
    layers = list(masks)
    layers.insert(_MIDDLE, _moved(mask, midsagittal, slices[0], order=0))
    image = nib.Nifti1Image(np.stack(layers, axis=-1).astype(np.uint8), _affine_ras(slices[0]))
    return nifti_file_bytes(image)


def read_slab(folder: Path) -> NeighbourSlab | None:
    """The slab of a case folder; None where it has none.

    Raises:
        InputError: Its files are broken or do not fit each other (`bad_neighbours`).
    """
    if not (folder / NEIGHBOURS).is_file() or not (folder / NEIGHBOUR_MASKS).is_file():
        return None
    try:
        image: Any = nib.load(folder / NEIGHBOURS)
        labels: Any = nib.load(folder / NEIGHBOUR_MASKS)
        levels = np.rint(np.asarray(image.dataobj, dtype=np.float32))
        masks = np.asarray(labels.dataobj)
        if levels.ndim != 3 or levels.shape != masks.shape or levels.shape[2] != len(_LAYERS_MM):
            raise ValueError(f"shapes {levels.shape} and {masks.shape}")
        affine_lps = LPS_TO_RAS @ np.asarray(image.affine, dtype=float)
    except Exception as error:  # nibabel raises errors of many kinds on a broken file
        raise InputError(
            f"{folder.name}: {NEIGHBOURS} and {NEIGHBOUR_MASKS} cannot be read "
            f"({type(error).__name__}); `callosal infer --overwrite` writes them again",
            "bad_neighbours",
        ) from error
    kept = [layer for layer in range(len(_LAYERS_MM)) if layer != _MIDDLE]
    return NeighbourSlab(
        tuple(_layer(levels[..., layer], affine_lps, layer) for layer in kept),
        (np.moveaxis(masks[..., kept], -1, 0) > 0).astype(np.uint8),
    )


def _moved(
    pixels: NDArray[Any], place: SliceImage, grid: SliceImage, order: Literal[0, 1]
) -> NDArray[np.float32]:
    """Pixels of a slice on the grid of a parallel one with pixels of equal size."""
    start = place.mm_to_pixels(place.lps_to_mm(grid.origin_lps_mm))
    moved: NDArray[np.float32] = ndimage.affine_transform(
        pixels.astype(np.float32), np.ones(2), start, grid.pixels.shape, order=order
    )
    return moved


def _affine_ras(first: SliceImage) -> NDArray[np.float64]:
    """Matrix from (row, column, layer) to RAS mm.

    Args:
        first: The leftmost slice.
    """
    affine = first.affine_lps
    affine[:3, 2] *= _STEP_MM
    return np.asarray(LPS_TO_RAS @ affine)


def _layer(pixels: NDArray[np.float32], affine_lps: NDArray[np.float64], layer: int) -> SliceImage:
    spacing_mm = np.linalg.norm(affine_lps[:3, :2], axis=0)
    col_dir, row_dir = (affine_lps[:3, :2] / spacing_mm).T
    middle = np.array([*(np.array(pixels.shape) - 1) / 2, layer])
    return SliceImage(
        pixels,
        (float(spacing_mm[0]), float(spacing_mm[1])),
        affine_lps[:3, 3] + affine_lps[:3, :3] @ middle,
        row_dir,
        col_dir,
    )
