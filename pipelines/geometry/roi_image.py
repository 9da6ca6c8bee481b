"""The rotated box on an image: pixel, in-plane and patient coordinates, and the image inside."""

import math

import numpy as np
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage


def field_of_view(slice_image: SliceImage) -> RotatedBox:
    """The whole image as a box, borders of the outer pixels included."""
    height, width = slice_image.pixels.shape
    row_mm, column_mm = slice_image.spacing_mm
    return RotatedBox((0.0, 0.0), (width * column_mm, height * row_mm), 0.0)


def corners_pixels(box: RotatedBox, slice_image: SliceImage) -> Array:
    """Corners of a box as (row, column) of the image, shape (4, 2).

    With anisotropic pixels these need not form a rectangle: angles live in mm only.
    """
    return slice_image.mm_to_pixels(box.corners_mm)


def corners_lps_mm(box: RotatedBox, slice_image: SliceImage) -> Array:
    """Corners of a box in patient coordinates, shape (4, 3)."""
    return slice_image.mm_to_lps(box.corners_mm)


def box_from_pixels(corners: Array, slice_image: SliceImage) -> RotatedBox:
    """The box whose corners were given as (row, column), shape (4, 2).

    Raises:
        GeometryError: The corners are degenerate.
    """
    return RotatedBox.around(slice_image.pixels_to_mm(corners))


def box_from_lps(corners_mm: Array, slice_image: SliceImage) -> RotatedBox:
    """The box whose corners were given in patient coordinates, projected on the slice, (4, 3).

    Raises:
        GeometryError: The corners are degenerate on this slice.
    """
    return RotatedBox.around(slice_image.lps_to_mm(corners_mm))


def resample_roi(slice_image: SliceImage, box: RotatedBox, spacing_mm: float) -> SliceImage:
    """The image inside a box, turned upright: rows run along the box's long axis.

    Args:
        slice_image: Image to read; linear interpolation, 0 outside.
        box: Region; the result covers it to within half a pixel.
        spacing_mm: Pixel spacing of the result, the same both ways, above 0.

    Returns:
        Slice image in the same plane with its own place, so that mm and patient coordinates of
        the result are right without any further bookkeeping.

    Raises:
        GeometryError: The spacing is not above 0.
    """
    if not spacing_mm > 0:
        raise GeometryError(f"roi: spacing {spacing_mm} mm must be above 0", "bad_spacing")
    columns, rows = (max(1, math.ceil(side / spacing_mm - 1e-9)) for side in box.size_mm)
    along, across = box.axes
    upright = SliceImage(
        pixels=np.zeros((rows, columns), np.float32),
        spacing_mm=(spacing_mm, spacing_mm),
        center_lps_mm=slice_image.mm_to_lps(box.center_mm),
        row_dir=along[0] * slice_image.row_dir + along[1] * slice_image.col_dir,
        col_dir=across[0] * slice_image.row_dir + across[1] * slice_image.col_dir,
    )
    grid = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"), axis=-1)
    xy_mm = box.from_frame_mm(upright.pixels_to_mm(grid))
    pixels = ndimage.map_coordinates(
        slice_image.pixels.astype(float),
        np.moveaxis(slice_image.mm_to_pixels(xy_mm), -1, 0),
        order=1,
    )
    return SliceImage(
        pixels.astype(np.float32),
        upright.spacing_mm,
        upright.center_lps_mm,
        upright.row_dir,
        upright.col_dir,
    )
