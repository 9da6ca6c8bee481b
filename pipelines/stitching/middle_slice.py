"""The middle slice of a joined volume as a picture with its place."""

import numpy as np

from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.stitching.stitch import Stitched


def middle_slice(stitched: Stitched) -> SliceImage:
    """The slice halfway through the volume, seen as its stations are.

    Of a sagittal volume the back is on the right, of a coronal one the left side.
    """
    return slice_of(stitched, stitched.volume.spatial_shape[0] // 2)


def slice_of(stitched: Stitched, index: int) -> SliceImage:
    """One slice of the volume by its number."""
    volume = stitched.volume
    _, rows, columns = volume.spatial_shape
    center = volume.map_indices_to_reference(np.array([[index, (rows - 1) / 2, (columns - 1) / 2]]))
    direction = np.asarray(volume.direction)
    return SliceImage(
        pixels=np.asarray(volume.array[index], np.float32),
        spacing_mm=(float(volume.spacing[1]), float(volume.spacing[2])),
        center_lps_mm=np.asarray(center[0], float),
        row_dir=direction[:, 2],
        col_dir=direction[:, 1],
    )
