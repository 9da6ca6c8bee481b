"""The pixels of a localizer: all its stacks, in one frame of reference."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from highdicom import Volume
from scipy import ndimage

from callosal.models.errors import InputError
from callosal.pipelines.midplane.resample import Array

_SAGITTAL_DEG: Final = 45.0
_HEAD_MM: Final = 4.0  # voxels of the head mask


@dataclass(frozen=True, eq=False)
class LocalizerVolumes:
    """Stacks of a few thick slices.

    Attributes:
        stacks: One volume a stack, array axes (slice, row, column).
    """

    stacks: tuple[Volume, ...]

    @property
    def sagittal(self) -> tuple[Volume, ...]:
        """The stacks whose slices lie within 45 degrees of sagittal."""
        return tuple(stack for stack in self.stacks if _is_sagittal(stack))

    @property
    def across(self) -> tuple[Volume, ...]:
        """The axial and coronal stacks."""
        return tuple(stack for stack in self.stacks if not _is_sagittal(stack))

    @property
    def slice_distance_mm(self) -> float:
        """Distance of the slices of the sagittal stack with the most of them."""
        return float(sagittal_or_whole(self).spacing[0])

    def tissue(self) -> Volume:
        """A coarse picture of where there is tissue: the brightest of all stacks at each place.

        Returns:
            Voxels of 4 mm over all slices, axes along LPS; each stack scaled so that its 99th
            percentile is 1, and 0 where no slice lies.
        """
        corners = np.concatenate([_corners_lps_mm(stack) for stack in self.stacks])
        low, high = corners.min(axis=0), corners.max(axis=0)
        shape = tuple(int(n) for n in np.ceil((high - low) / _HEAD_MM) + 1)
        affine = np.diag([_HEAD_MM, _HEAD_MM, _HEAD_MM, 1.0])
        affine[:3, 3] = low
        brightest = np.zeros(shape, np.float32)
        for stack in self.stacks:
            np.maximum(brightest, _resampled(stack, affine, shape), out=brightest)
        return Volume(
            brightest,
            affine,
            coordinate_system="PATIENT",
            frame_of_reference_uid=self.stacks[0].frame_of_reference_uid,
        )


Images = Volume | LocalizerVolumes
"""The voxels of a case: one volume, or the stacks of a localizer."""


def sagittal_or_whole(images: Images) -> Volume:
    """The volume itself, or the sagittal stack of a localizer with the most slices.

    Raises:
        InputError: No stack of the localizer lies within 45 degrees of sagittal
            (`no_sagittal_view`).
    """
    if isinstance(images, Volume):
        return images
    if not images.sagittal:
        raise InputError(
            "the localizer has no slices within 45 degrees of sagittal", "no_sagittal_view"
        )
    return max(images.sagittal, key=lambda one: one.spatial_shape[0])


def _is_sagittal(stack: Volume) -> bool:
    normal = stack.affine[:3, 0] / np.linalg.norm(stack.affine[:3, 0])
    return bool(abs(normal[0]) >= np.cos(np.radians(_SAGITTAL_DEG)))


def _corners_lps_mm(stack: Volume) -> Array:
    steps = np.stack(np.meshgrid(*([[0.0, 1.0]] * 3), indexing="ij"), axis=-1).reshape(-1, 3)
    index = steps * np.array(stack.spatial_shape) - 0.5
    return np.asarray(index @ stack.affine[:3, :3].T + stack.affine[:3, 3])


def _resampled(stack: Volume, affine: Array, shape: tuple[int, ...]) -> np.ndarray:
    """Nearest pixels of a stack on a grid, each slice as thick as its distance to the next."""
    strides = np.maximum(1, np.floor(_HEAD_MM / np.array(stack.spacing))).astype(int)
    strides[0] = 1
    coarse = stack.array[:, :: strides[1], :: strides[2]].astype(np.float32)
    scale = float(np.percentile(coarse, 99)) or 1.0
    to_lps = np.array(stack.affine, dtype=float)
    to_lps[:3, :3] *= strides
    to_index = np.linalg.inv(to_lps) @ affine
    # One empty slice at each end, so that the outer slices reach half their distance outward.
    padded = np.pad(coarse / scale, ((1, 1), (0, 0), (0, 0)))
    return ndimage.affine_transform(
        padded, to_index[:3, :3], to_index[:3, 3] + (1, 0, 0), shape, order=0, cval=0.0
    )
