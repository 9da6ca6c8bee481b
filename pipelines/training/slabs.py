"""Labelled thick slices cut from 3D heads: what a localizer shows of the callosum.

The callosum is outlined once, on the midsagittal plane of a series that a segmenter knows. Slabs
are cut near that plane, tilted and shifted, and the outline is projected onto each along the
normal of the midsagittal plane: a plan wants the midsagittal callosum, wherever the slice lies.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from highdicom import Volume
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from callosal.export.runtime import Segmenter
from callosal.models.arrays import Array, Image
from callosal.models.errors import InputError
from callosal.pipelines.callosum.quality import SURE
from callosal.pipelines.callosum.segmentation import Callosum, best_callosum, find_callosa
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.midsagittal import find_midsagittal_plane
from callosal.pipelines.midplane.sagittal_slice import cut_slice, sagittal_directions
from callosal.pipelines.training.contrast import random_weighting
from callosal.pipelines.training.draws import Draws
from callosal.pipelines.training.slab_settings import SlabSettings

FIELD_MM: Final = 224.0
SPACING_MM: Final = 0.5
SAMPLE_MM: Final = 1.0
"""Distance of the points within a slab that are averaged."""

_STEP: Final = round(SAMPLE_MM / SPACING_MM)


@dataclass(frozen=True, eq=False)
class LabelledHead:
    """A series of a head and where its callosum lies.

    Attributes:
        image: The series that slabs are cut from.
        to_reference: Matrix from its LPS mm to those of the series that was outlined, (4, 4).
        callosum: What was outlined there, on the midsagittal slice.
    """

    image: Volume
    to_reference: Array
    callosum: Callosum


def outlined(reference: Volume, segmenter: Segmenter) -> Callosum:
    """The callosum on the midsagittal slice of a series that the segmenter knows.

    Raises:
        InputError: None that is sure was found (`no_callosum`).
    """
    seen = cut_slice(reference, find_midsagittal_plane(reference), segmenter.contract.spacing_mm)
    found = best_callosum(find_callosa([seen], segmenter))
    if found is None or found.quality.confidence < SURE:
        raise InputError(
            "no sure callosum on the midsagittal slice; leave this head out", "no_callosum"
        )
    return found


def draw_slab(
    head: LabelledHead,
    seed: int,
    settings: SlabSettings = SlabSettings(),  # noqa: B008 (frozen)
) -> tuple[Image, NDArray[np.uint8]]:
    """One random slab about the midsagittal plane, and the callosum projected onto it.

    Args:
        head: The head.
        seed: The same seed gives the same slab.
        settings: How it may lie.

    Returns:
        Intensities and mask, both (S, S) on pixels of 0.5 mm, rows superior to inferior.
    """
    rng = np.random.default_rng(seed)
    place = head.callosum.slice_image
    turn = Rotation.from_rotvec(
        _direction_in_plane(place, rng) * np.radians(rng.uniform(0, settings.tilt_deg))
    ).as_matrix()
    normal = turn @ place.normal
    center = place.mm_to_lps(head.callosum.box.center_mm)
    center = center + rng.uniform(-1, 1) * settings.offset_mm * place.normal
    row_dir, col_dir = sagittal_directions(normal)
    size = round(FIELD_MM / SPACING_MM)
    shift = rng.uniform(-25, 25, 2)
    grid = SliceImage(
        np.zeros((size, size), np.float32),
        (SPACING_MM, SPACING_MM),
        center + shift[0] * row_dir + shift[1] * col_dir,
        row_dir,
        col_dir,
    )
    mask = _projected(head.callosum, grid)
    pixel_mm = rng.uniform(*settings.pixel_mm)
    thickness_mm = rng.uniform(*settings.thickness_mm)
    planes = _sampled(head, grid, thickness_mm)
    planes = _other_contrast(planes, mask[::_STEP, ::_STEP], settings, seed)
    image = _in_pixels(planes.mean(axis=0), pixel_mm)
    return image, mask


def _direction_in_plane(place: SliceImage, rng: np.random.Generator) -> Array:
    angle = rng.uniform(0, 2 * np.pi)
    return np.asarray(np.cos(angle) * place.row_dir + np.sin(angle) * place.col_dir)


def _projected(callosum: Callosum, grid: SliceImage) -> NDArray[np.uint8]:
    """The outline of the midsagittal slice on another plane, moved along the first's normal."""
    place = callosum.slice_image
    index = np.moveaxis(np.indices(grid.pixels.shape), 0, -1)
    at = place.mm_to_pixels(place.lps_to_mm(grid.pixels_to_lps(index)))
    share = ndimage.map_coordinates(callosum.component, np.moveaxis(at, -1, 0), order=1)
    return (share >= 0.5).astype(np.uint8)


def _sampled(head: LabelledHead, grid: SliceImage, thickness_mm: float) -> Image:
    """Planes through a slab at every millimetre, shape (N, S / 2, S / 2); 0 outside of the head."""
    count = max(1, round(thickness_mm / SAMPLE_MM))
    depths_mm = ((np.arange(count) + 0.5) / count - 0.5) * thickness_mm
    to_index = np.linalg.inv(head.image.affine) @ np.linalg.inv(head.to_reference)
    index = np.moveaxis(np.indices(grid.pixels[::_STEP, ::_STEP].shape), 0, -1) * _STEP
    points = grid.pixels_to_lps(index)
    voxels = head.image.array.astype(np.float32)
    planes = []
    for depth_mm in depths_mm:
        at = (points + depth_mm * grid.normal) @ to_index[:3, :3].T + to_index[:3, 3]
        planes.append(ndimage.map_coordinates(voxels, np.moveaxis(at, -1, 0), order=1))
    return np.stack(planes)


def _other_contrast(
    planes: Image, mask: NDArray[np.uint8], settings: SlabSettings, seed: int
) -> Image:
    """All planes of a slab through one random curve, before they are averaged."""
    images = torch.from_numpy(planes)[:, None]
    masks = torch.from_numpy(mask).float().expand(len(planes), 1, -1, -1)
    draws = Draws([seed] * len(planes))
    share = 1 - settings.natural
    weighted = random_weighting(images, masks, SAMPLE_MM, share, draws, settings.near)
    return weighted[:, 0].numpy()


def _in_pixels(image: Image, pixel_mm: float) -> Image:
    """A picture with samples every millimetre as pixels of another size show it, every 0.5 mm."""
    width = max(1, round(pixel_mm / SAMPLE_MM))
    blurred = ndimage.uniform_filter(image, width)
    size = np.array(image.shape)
    count = np.maximum(2, np.round(size * SAMPLE_MM / max(pixel_mm, SAMPLE_MM)).astype(int))
    coarse = ndimage.zoom(blurred, count / size, order=1, grid_mode=True, mode="nearest")
    zoom = size * _STEP / np.array(coarse.shape)
    fine = ndimage.zoom(coarse, zoom, order=3, grid_mode=True, mode="nearest")
    # The first sample lies on the first fine pixel, a quarter of a millimetre before the middle
    # of the cell that `zoom` takes it for.
    return np.asarray(ndimage.shift(fine, -0.5, order=1, mode="nearest"), np.float32).clip(0)
