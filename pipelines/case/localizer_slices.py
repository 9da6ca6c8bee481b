"""The sagittal slices of a localizer near its midsagittal plane, and what they show of that plane.

The head is usually turned relative to the slices of its localizer, so the genu and the splenium may
be nearest to different slices. Each slice is moved onto the plane along the plane's normal and, at
every point, weighted by its distance from the plane there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from PIL import Image

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane.localizer_volumes import LocalizerVolumes
from callosal.pipelines.midplane.midsagittal import MidsagittalPlane
from callosal.pipelines.midplane.resample import Array
from callosal.pipelines.midplane.sagittal_slice import (
    INFERIOR_LPS,
    NativePlane,
    cut_slice,
    sagittal_directions,
)

FIELD_MM: Final = 200.0
"""Side of the part of a slice that the network sees, about the middle of the head."""

MOST_SLICES: Final = 7
"""How many slices are taken: those nearest to the plane at the middle of the head. If the head is
turned, others are nearest at the callosum."""

_NEGLIGIBLE: Final = -np.log(1e-7)

Picture = NDArray[np.float32]


Window = tuple[slice, slice]
WHOLE: Final[Window] = (slice(None), slice(None))
"""All rows and columns of a plane."""


@dataclass(frozen=True, eq=False)
class SlicesOnPlane:
    """How high slices lie above a plane.

    Attributes:
        grid: The plane, as an empty slice of the same size as those slices.
        steps_mm: Height of each slice above the first pixel of the plane, and how much it grows
            from row to row and from column to column, shape (N, 3).
    """

    grid: SliceImage
    steps_mm: Array

    def heights_mm(self, window: Window = WHOLE) -> Array:
        """Height of each slice above each pixel of a window of the plane, shape (N, H, W)."""
        rows, columns = (
            np.arange(side)[part] for side, part in zip(self.grid.pixels.shape, window, strict=True)
        )
        start, down, right = self.steps_mm.T[:, :, None]
        return np.asarray((start + down * rows)[:, :, None] + (right * columns)[:, None, :])

    def nearest_mm(self, inside: NDArray[np.bool_]) -> Array:
        """Distance of the nearest slice from each pixel of a mask, shape (M,)."""
        rows, columns = np.nonzero(inside)
        start, down, right = self.steps_mm.T[:, :, None]
        return np.asarray(np.abs(start + down * rows + right * columns).min(axis=0))

    def nearest_to(self, point_mm: tuple[float, float]) -> list[int]:
        """The slices by their distance from a point of the plane (x, y in mm), nearest first."""
        pixel = np.round(self.grid.mm_to_pixels(np.asarray(point_mm))).astype(int)
        row, column = np.clip(pixel, 0, np.array(self.grid.pixels.shape) - 1)
        return [int(index) for index in np.argsort(np.abs(self.steps_mm @ (1, row, column)))]

    def of(self, slices: Sequence[int]) -> "SlicesOnPlane":
        """The same plane with only some of the slices, given by their indices."""
        return replace(self, steps_mm=self.steps_mm[list(slices)])

    def near(self, width_mm: float) -> list[int]:
        """Indices of the slices whose share is more than a ten-millionth anywhere."""
        every_eighth = (slice(None, None, 8), slice(None, None, 8))
        distant = 0.5 * (self.heights_mm(every_eighth) / width_mm) ** 2
        behind = distant - distant.min(axis=0)
        return [int(index) for index in np.flatnonzero(behind.min(axis=(1, 2)) < _NEGLIGIBLE)]

    def shares(self, width_mm: float, trust: Array | None = None, window: Window = WHOLE) -> Array:
        """The weight of each slice at each pixel.

        Args:
            width_mm: Standard deviation of the weight over the distance from the plane.
            trust: How far each slice is trusted, above 0, shape (N,); None to trust all equally.
            window: Where the weights are wanted.

        Returns:
            Shares that add up to 1 at each pixel of the window, shape (N, H, W).
        """
        weight = -0.5 * (self.heights_mm(window) / width_mm) ** 2
        if trust is not None:
            weight += np.log(trust)[:, None, None]
        weight -= weight.max(axis=0)
        np.exp(weight, out=weight)
        weight /= weight.sum(axis=0)
        return np.asarray(weight)


def sagittal_slices(
    images: LocalizerVolumes, plane: MidsagittalPlane, spacing_mm: float
) -> tuple[SliceImage, ...]:
    """The sagittal slices nearest to the plane at the middle of the head, as acquired.

    Args:
        images: The localizer.
        plane: Its midsagittal plane.
        spacing_mm: Pixel size wanted.

    Returns:
        Slices of one shape, the nearest first.
    """
    found = []
    for stack in images.sagittal:
        for index in range(stack.spatial_shape[0]):
            single = stack[index : index + 1]
            middle = _middle_lps_mm(single)
            normal = single.affine[:3, 0] / np.linalg.norm(single.affine[:3, 0])
            normal = -normal if normal[0] > 0 else normal
            off_mm = abs(float((plane.point_lps_mm - middle) @ normal))
            found.append((off_mm, single, normal))
    found.sort(key=lambda one: one[0])
    slices = []
    for _, single, normal in found[:MOST_SLICES]:
        middle = _middle_lps_mm(single)
        # The point of the slice that lies beside the middle of the head.
        point = plane.point_lps_mm - ((plane.point_lps_mm - middle) @ normal) * normal
        try:
            native = NativePlane(point, normal)
            slices.append(
                cut_slice(single, native, spacing_mm, FIELD_MM, inferior=_inferior(single))
            )
        except GeometryError:
            continue
    return _one_shape(slices)


def slices_on_plane(
    slices: Sequence[SliceImage], plane: MidsagittalPlane, spacing_mm: float
) -> SlicesOnPlane:
    """Measure how high slices lie above a plane.

    Args:
        slices: At least one, all of one shape.
        plane: The plane.
        spacing_mm: Pixel size wanted on it.
    """
    center = np.mean([one.center_lps_mm for one in slices], axis=0)
    center = center - ((center - plane.point_lps_mm) @ plane.normal) * plane.normal
    row_dir, col_dir = sagittal_directions(plane.normal)
    empty = np.zeros_like(slices[0].pixels)
    grid = SliceImage(empty, (spacing_mm, spacing_mm), center, row_dir, col_dir)
    return SlicesOnPlane(grid, np.stack([_corner_steps_mm(one, grid) for one in slices]))


def moved_onto(values: NDArray[np.floating], source: SliceImage, grid: SliceImage) -> Picture:
    """Values of a slice moved along the normal of a plane onto the plane; 0 beyond the slice.

    Args:
        values: On the pixels of the slice.
        source: The slice.
        grid: The plane.
    """
    heights_mm = _height_above(source, grid.pixels_to_lps(_CORNER), grid)
    points = grid.pixels_to_lps(_CORNER) + heights_mm[:, None] * grid.normal
    # Both are planes, so pixels of one map to pixels of the other by a matrix.
    start, down, right = source.mm_to_pixels(source.lps_to_mm(points))
    return _sampled(values.astype(np.float32), start, down - start, right - start, grid)


def _sampled(values: Picture, start: Array, down: Array, right: Array, grid: SliceImage) -> Picture:
    """Linear samples of a picture; 0 beyond the centres of its outer pixels.

    Args:
        values: The picture, shape (H, W).
        start: Where in it the first pixel of the grid lies (row, column).
        down: How far its rows lie apart there.
        right: How far its columns lie apart.
        grid: Its shape is wanted.
    """
    height, width = grid.pixels.shape
    # Pillow counts (column, row) from the corner of a pixel, and goes half a pixel further out.
    corner = start + 0.5 - (down + right) / 2
    turn = (right[1], down[1], corner[1], right[0], down[0], corner[0])
    picture = Image.fromarray(values)
    moved = picture.transform(
        (width, height), Image.Transform.AFFINE, turn, Image.Resampling.BILINEAR
    )
    rows, columns = np.arange(height)[:, None], np.arange(width)
    samples: Picture = np.array(moved)
    for axis, last in enumerate(np.array(values.shape) - 1):
        at = start[axis] + down[axis] * rows + right[axis] * columns
        samples[(at < 0) | (at > last)] = 0
    return samples


def composed(slices: Sequence[SliceImage], place: SlicesOnPlane, width_mm: float) -> SliceImage:
    """Combine slices into one picture of a plane: each pixel comes mostly from the nearest slice.

    Args:
        slices: The slices, the nearest first.
        place: Where they lie over the plane.
        width_mm: Standard deviation of a slice's weight over its distance from the plane.
    """
    near = place.near(width_mm)
    shares = place.of(near).shares(width_mm)
    moved = (moved_onto(slices[index].pixels, slices[index], place.grid) for index in near)
    pixels = np.asarray(
        sum(share * one for share, one in zip(shares, moved, strict=True)), np.float32
    )
    return replace(place.grid, pixels=pixels, source_voxel_mm=slices[0].source_voxel_mm)


_CORNER: Final = np.array([(0, 0), (1, 0), (0, 1)])
"""The first pixel of a plane, the one below it and the one to its right."""


def _corner_steps_mm(source: SliceImage, grid: SliceImage) -> Array:
    """Height of a slice above the first pixel of a plane, and its growth by row and by column."""
    start, down, right = _height_above(source, grid.pixels_to_lps(_CORNER), grid)
    return np.array([start, down - start, right - start])


def _height_above(source: SliceImage, points: Array, grid: SliceImage) -> Array:
    away = (source.center_lps_mm - points) @ source.normal
    return np.asarray(away / (grid.normal @ source.normal))


def _inferior(volume: Volume) -> Array:
    """The direction of rows or columns of a stack that is nearest to the patient's inferior."""
    axes = np.array(volume.affine[:3, 1:3]) / np.array(volume.spacing[1:])
    along = INFERIOR_LPS @ axes
    nearest = int(np.argmax(np.abs(along)))
    return np.asarray(np.sign(along[nearest]) * axes[:, nearest])


def _middle_lps_mm(volume: Volume) -> Array:
    index = (np.array(volume.spatial_shape) - 1) / 2
    return np.asarray(volume.affine[:3, :3] @ index + volume.affine[:3, 3])


def _one_shape(slices: Sequence[SliceImage]) -> tuple[SliceImage, ...]:
    """Slices padded with zeros to one shape, because the network takes them together."""
    if not slices:
        return ()
    height, width = np.max([one.pixels.shape for one in slices], axis=0)
    return tuple(_filled(one, int(height), int(width)) for one in slices)


def _filled(one: SliceImage, height: int, width: int) -> SliceImage:
    rows, columns = height - one.pixels.shape[0], width - one.pixels.shape[1]
    if rows == 0 and columns == 0:
        return one
    pixels = np.pad(one.pixels, ((0, rows), (0, columns)))
    shift_mm = (-columns / 2 * one.spacing_mm[1], -rows / 2 * one.spacing_mm[0])
    return replace(one, pixels=pixels, center_lps_mm=one.mm_to_lps(shift_mm))
