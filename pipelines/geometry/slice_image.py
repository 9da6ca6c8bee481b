"""A slice image: pixels with their place in the patient, in the frame of the midsagittal slice.

Rows run superior to inferior and columns anterior to posterior, so anterior is on the left and
superior on top. In-plane coordinates (x, y) are millimetres from the image centre, x toward
anterior and y toward superior. Pixel coordinates are (row, column) with pixel centres at
integers, so the image centre lies at ((H - 1) / 2, (W - 1) / 2).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.models.errors import GeometryError


@dataclass(frozen=True, eq=False)
class SliceImage:
    """One image plane in patient coordinates (DICOM LPS, mm).

    Attributes:
        pixels: Raw intensities, float32, shape (H, W).
        spacing_mm: Distance between rows and between columns, in mm (DICOM PixelSpacing order).
        center_lps_mm: Patient position of the image centre, shape (3,).
        row_dir: Unit vector along a row, toward growing column index (posterior), shape (3,).
        col_dir: Unit vector down a column, toward growing row index (inferior), shape (3,).
        source_voxel_mm: Size of the voxels it was sampled from, down columns and along rows; None
            where they are its own pixels.
    """

    pixels: NDArray[np.float32]
    spacing_mm: tuple[float, float]
    center_lps_mm: Array
    row_dir: Array
    col_dir: Array
    source_voxel_mm: tuple[float, float] | None = None

    @property
    def voxel_mm(self) -> tuple[float, float]:
        """Size of what was measured, down columns and along rows; the spacing if not known."""
        return self.source_voxel_mm or self.spacing_mm

    @property
    def normal(self) -> Array:
        """Unit normal row_dir x col_dir, shape (3,); toward the patient's right."""
        return np.cross(self.row_dir, self.col_dir)

    @property
    def origin_lps_mm(self) -> Array:
        """Patient position of the centre of pixel (0, 0), shape (3,)."""
        return self.pixels_to_lps(np.zeros(2))

    @property
    def affine_lps(self) -> Array:
        """4x4 matrix from (row, column, plane) indices to LPS mm; planes are 1 mm apart."""
        affine = np.eye(4)
        affine[:3, 0] = self.col_dir * self.spacing_mm[0]
        affine[:3, 1] = self.row_dir * self.spacing_mm[1]
        affine[:3, 2] = self.normal
        affine[:3, 3] = self.origin_lps_mm
        return affine

    def pixels_to_mm(self, row_col: ArrayLike) -> Array:
        """In-plane (x, y) in mm of pixel coordinates (row, column), shape (..., 2)."""
        row_col = np.asarray(row_col, dtype=float)
        height, width = self.pixels.shape
        x = ((width - 1) / 2 - row_col[..., 1]) * self.spacing_mm[1]
        y = ((height - 1) / 2 - row_col[..., 0]) * self.spacing_mm[0]
        return np.stack([x, y], axis=-1)

    def mm_to_pixels(self, xy_mm: ArrayLike) -> Array:
        """Pixel coordinates (row, column) of in-plane (x, y) in mm, shape (..., 2)."""
        xy_mm = np.asarray(xy_mm, dtype=float)
        height, width = self.pixels.shape
        row = (height - 1) / 2 - xy_mm[..., 1] / self.spacing_mm[0]
        column = (width - 1) / 2 - xy_mm[..., 0] / self.spacing_mm[1]
        return np.stack([row, column], axis=-1)

    def mm_to_lps(self, xy_mm: ArrayLike) -> Array:
        """Patient position in mm of in-plane (x, y) in mm, shape (..., 3)."""
        xy_mm = np.asarray(xy_mm, dtype=float)
        return self.center_lps_mm - xy_mm[..., :1] * self.row_dir - xy_mm[..., 1:] * self.col_dir

    def lps_to_mm(self, lps_mm: ArrayLike) -> Array:
        """In-plane (x, y) in mm of the projection of patient positions, shape (..., 2)."""
        offset = np.asarray(lps_mm, dtype=float) - self.center_lps_mm
        return np.stack([-offset @ self.row_dir, -offset @ self.col_dir], axis=-1)

    def pixels_to_lps(self, row_col: ArrayLike) -> Array:
        """Patient position in mm of pixel coordinates (row, column), shape (..., 3)."""
        return self.mm_to_lps(self.pixels_to_mm(row_col))


def checked_spacing_mm(spacing_mm: ArrayLike) -> tuple[float, float]:
    """Distances between rows and between columns, as two floats.

    Raises:
        GeometryError: They are not two positive, finite numbers (`bad_spacing`).

    >>> checked_spacing_mm((1, 0.5))
    (1.0, 0.5)
    """
    try:
        values = np.asarray(spacing_mm, dtype=float)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (2,) or not (np.isfinite(values).all() and (values > 0).all()):
        raise GeometryError(
            f"spacing_mm {spacing_mm!r}: give the distance between rows and between columns, two "
            "positive numbers in mm",
            "bad_spacing",
        )
    return float(values[0]), float(values[1])


def on_slice(pixels: NDArray[np.generic], spacing_mm: tuple[float, float]) -> SliceImage:
    """A slice image in the standard midsagittal place, centred on the origin."""
    return SliceImage(
        pixels.astype(np.float32),
        spacing_mm,
        np.zeros(3),
        np.array([0.0, 1.0, 0.0]),
        np.array([0.0, 0.0, -1.0]),
    )


def resampled_pixels(
    image: NDArray[np.float32], step: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Pixels of another size about the same centre, averaged first where pixels are dropped.

    Args:
        image: Values, shape (H, W).
        step: Distance of the new pixels in pixels of the image, along rows and columns.
        shape: Rows and columns of the result.
    """
    sigma = np.clip((step - 1) / 2, 0, None)
    smooth = ndimage.gaussian_filter(image, sigma) if sigma.any() else image
    center, new_center = (np.array(image.shape) - 1) / 2, (np.array(shape) - 1) / 2
    resampled: NDArray[np.float32] = ndimage.affine_transform(
        smooth, step, center - step * new_center, shape, order=1, mode="nearest"
    )
    return resampled
