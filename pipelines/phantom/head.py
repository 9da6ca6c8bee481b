"""A phantom head: a whole T1 volume, symmetric about its midsagittal plane, of known pose."""

from dataclasses import dataclass

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

from callosal.models.arrays import Image
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.phantom.anatomy import drawn_anatomy
from callosal.pipelines.phantom.arch import pixel_axes_mm
from callosal.pipelines.phantom.bodies import Textures, paint_head
from callosal.pipelines.phantom.callosum import Tube
from callosal.pipelines.phantom.canvas import Canvas
from callosal.pipelines.phantom.reference_pose import ReferencePose, measured_box_and_line
from callosal.pipelines.phantom.slices import scanned
from callosal.pipelines.phantom.texture import smooth_field


@dataclass(frozen=True, eq=False)
class PhantomHead:
    """A phantom volume and the truth about it.

    Attributes:
        volume: Raw intensities, float32, axes (slice to the left, row inferior, column
            posterior), patient origin at the middle of the standard callosum.
        pose: Pose of its callosum.
        midsagittal: The true callosum mask (0 or 1) in the plane of symmetry, 0.5 mm pixels.
    """

    volume: Volume
    pose: ReferencePose
    midsagittal: SliceImage


def phantom_head(
    seed: int,
    shape: tuple[int, int, int] = (160, 240, 240),
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> PhantomHead:
    """A random head, upright, with its callosum across the plane x = 0.

    The noise alone is not symmetric. Equal arguments give equal voxels.

    Args:
        seed: Number of the head.
        shape: Slices, rows and columns.
        spacing_mm: Distance between slices, between rows and between columns.

    Returns:
        The volume with its true pose and mask.
    """
    rng = np.random.default_rng(seed)
    anatomy = drawn_anatomy(rng)
    u, v = pixel_axes_mm(shape[1:], spacing_mm[1:])
    v = v - 10  # the callosum lies above the middle, as a technician centres a head
    aside = np.abs(np.arange(shape[0]) - (shape[0] - 1) / 2) * spacing_mm[0]
    half = aside[: (shape[0] + 1) // 2]
    grid_u, grid_v = np.broadcast_arrays(u.astype(np.float32), v.astype(np.float32))
    sideways = half.astype(np.float32)[:, None, None]
    canvas = Canvas.blank(grid_u, grid_v, sideways, max(0.8, float(np.mean(spacing_mm))))
    axes = (half, v[:, 0], u[0])
    textures = Textures(gyri=smooth_field(rng, axes, 4.5), patches=smooth_field(rng, axes, 9.0))
    paint_head(canvas, anatomy, textures)
    whole = np.concatenate([canvas.image, canvas.image[: shape[0] // 2][::-1]])
    volume = _volume(scanned(rng, whole, noise=rng.uniform(0.01, 0.03)), u, v, spacing_mm)
    midsagittal = _true_mask(anatomy.callosum)
    box, line = measured_box_and_line(midsagittal.pixels, midsagittal)
    return PhantomHead(volume, ReferencePose.of_plane(box, line, midsagittal), midsagittal)


def _volume(
    array: Image,
    u_mm: NDArray[np.float64],
    v_mm: NDArray[np.float64],
    spacing_mm: tuple[float, float, float],
) -> Volume:
    """The voxels in patient space: u is toward -y, v toward +z, slices run from right to left."""
    affine = np.zeros((4, 4))
    affine[0, 0] = spacing_mm[0]
    affine[2, 1] = -spacing_mm[1]
    affine[1, 2] = spacing_mm[2]
    right = -(array.shape[0] - 1) / 2 * spacing_mm[0]
    affine[:, 3] = right, -u_mm[0, 0], v_mm[0, 0], 1
    return Volume(array, affine, "PATIENT")


def _true_mask(callosum: Tube) -> SliceImage:
    """The callosum in the plane x = 0, 0.5 mm pixels, centred on the patient origin."""
    x, y = np.broadcast_arrays(*pixel_axes_mm((128, 224), (0.5, 0.5)))
    mask = callosum.mask(x.astype(np.float32), y.astype(np.float32)).astype(np.float32)
    return SliceImage(
        pixels=mask,
        spacing_mm=(0.5, 0.5),
        center_lps_mm=np.zeros(3),
        row_dir=np.array([0.0, 1.0, 0.0]),
        col_dir=np.array([0.0, 0.0, -1.0]),
    )
