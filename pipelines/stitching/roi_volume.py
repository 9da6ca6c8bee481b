"""The joined volume inside a rotated region, turned upright."""

import numpy as np
from highdicom import Volume
from scipy import ndimage

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.stitching.roi_plan import tilt_from_upright_deg


def roi_volume(volume: Volume, place: SliceImage, roi: RotatedBox) -> Volume:
    """All slices of a volume inside a region, with the long axis of the region upright.

    Args:
        volume: The joined volume, axes (slice, row, column).
        place: One of its slices, on which the region was drawn; pixels are not read.
        roi: The region.

    Returns:
        Float32, in the same frame of reference, pixels of the volume's own size; 0 where the
        volume has nothing. It covers the region to within half a pixel.

    Raises:
        GeometryError: Its long axis does not run along the spine (`angle_out_of_range`).
    """
    tilt = np.radians(tilt_from_upright_deg(roi.angle_deg))
    if abs(tilt) > np.pi / 3 + 1e-9:
        raise GeometryError("the region's long axis lies across the spine", "angle_out_of_range")
    down = np.cos(tilt) * place.col_dir - np.sin(tilt) * place.row_dir
    right = np.cos(tilt) * place.row_dir + np.sin(tilt) * place.col_dir
    spacing = np.asarray(volume.spacing)
    n = volume.spatial_shape[0]
    length, width = roi.size_mm
    rows, columns = (max(1, int(np.ceil(s / step - 1e-9)))
                     for s, step in zip((length, width), spacing[1:], strict=True))  # fmt: skip
    slices = np.asarray(volume.direction)[:, 0]
    center = place.mm_to_lps(roi.center_mm)
    # The slices stay those of the volume.
    origin = np.asarray(volume.map_indices_to_reference(np.zeros((1, 3))))[0]
    first = center + slices * float((origin - center) @ slices)
    affine = np.eye(4)
    affine[:3, :3] = np.stack([slices, down, right], axis=1) * spacing
    affine[:3, 3] = first - affine[:3, 1] * (rows - 1) / 2 - affine[:3, 2] * (columns - 1) / 2
    into = np.linalg.inv(volume.affine) @ affine
    values = np.empty((n, rows, columns), np.float32)
    for index in range(n):
        # In the plane of the slice alone: the slices are those of the volume.
        start = into[1:3, 3] + into[1:3, 0] * index
        values[index] = ndimage.affine_transform(
            np.asarray(volume.array[index], np.float32), into[1:3, 1:3], start, (rows, columns),
            order=1,
        )  # fmt: skip
    return Volume(values, affine, "PATIENT", frame_of_reference_uid=volume.frame_of_reference_uid)
