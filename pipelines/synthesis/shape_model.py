"""A statistical shape model of the callosum.

Principal components of signed distance maps (Leventon, Grimson and Faugeras 2000, CVPR) that were
centred and turned level; centre and tilt are drawn beside them.
"""

import io
import math
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.models.errors import DataError, ModelFileError
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.synthesis.joint_image import signed_distance_mm

SHAPE, STEP_MM = (36, 72), 1.5
REACH_MM = 12.0
"""Distances are cut here: beyond lies nothing of the shape."""

MODES = 16
MIN_MASKS = 20


@dataclass(frozen=True, eq=False)
class ShapeModel:
    """What callosa look like, as numbers.

    Attributes:
        mean: Mean signed distance in mm, positive inside, shape SHAPE.
        modes: Principal components, one standard deviation each, shape (K, *SHAPE).
        area_mm2: 1st and 99th percentile of the area, shape (2,).
        tilt_deg: Mean and standard deviation of the tilt, anterior end up is positive, shape (2,).
        center_mm: Mean and standard deviation of the centre, rows and columns from the middle of
            the slice, shape (2, 2).
    """

    mean: Array
    modes: Array
    area_mm2: Array
    tilt_deg: Array
    center_mm: Array

    def to_bytes(self) -> bytes:
        """Content of a file of numbers alone."""
        stream = io.BytesIO()
        values = {name: np.asarray(array, np.float32) for name, array in asdict(self).items()}
        np.savez_compressed(stream, allow_pickle=False, **values)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "ShapeModel":
        """Read the numbers back.

        Raises:
            ModelFileError: The file is damaged.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                values = {name: arrays[name].astype(np.float64) for name in arrays.files}
            model = cls(**values)
            sound = model.mean.shape == SHAPE and model.modes.shape[1:] == SHAPE
        except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ModelFileError(
                f"shape model: damaged ({type(error).__name__}); copy the generator again",
                code="bad_shape_model",
            ) from error
        if not sound:
            raise ModelFileError("shape model: arrays of other shapes", code="bad_shape_model")
        return model


def fit_shape_model(slices: Sequence[LabelledSlice]) -> ShapeModel:
    """Learn a shape model from masks.

    Raises:
        DataError: There are fewer than twenty masks.
    """
    if len(slices) < MIN_MASKS:
        raise DataError(
            f"shape model: {len(slices)} masks; it needs {MIN_MASKS}", code="too_few_slices"
        )
    poses = [_pose(labelled) for labelled in slices]
    maps = np.stack(
        [_levelled(labelled, *pose) for labelled, pose in zip(slices, poses, strict=True)]
    )
    mean = maps.mean(axis=0)
    flat = (maps - mean).reshape(len(maps), -1)
    _, spread, directions = np.linalg.svd(flat, full_matrices=False)
    deviations = spread[:MODES, None] / math.sqrt(len(maps) - 1)
    centers, tilts = (np.array(values) for values in zip(*poses, strict=True))
    areas = [s.mask.sum() * math.prod(s.spacing_mm) for s in slices]
    middles = np.array([(np.array(s.mask.shape) - 1) / 2 for s in slices])
    offsets_mm = (centers - middles) * np.array([s.spacing_mm for s in slices])
    return ShapeModel(
        mean,
        (deviations * directions[:MODES]).reshape(-1, *SHAPE),
        np.percentile(areas, (1, 99)),
        np.array([tilts.mean(), tilts.std()]),
        np.stack([offsets_mm.mean(axis=0), offsets_mm.std(axis=0)]),
    )


def _pose(labelled: LabelledSlice) -> tuple[Array, float]:
    """Centre (row, column) in pixels and tilt in degrees of a mask."""
    points = np.argwhere(labelled.mask > 0)
    center = points.mean(axis=0)
    y, x = ((center - points) * labelled.spacing_mm).T
    covariance = np.cov(x, y)
    tilt = 0.5 * math.atan2(2 * covariance[0, 1], covariance[0, 0] - covariance[1, 1])
    return center, math.degrees(tilt)


def _levelled(labelled: LabelledSlice, center: Array, tilt_deg: float) -> Array:
    """Signed distance about the centre, turned level, shape SHAPE."""
    spacing = np.array(labelled.spacing_mm)
    distance_mm = np.clip(signed_distance_mm(labelled.mask, labelled.spacing_mm), -REACH_MM, None)
    matrix = turn(-math.radians(tilt_deg)) * STEP_MM / spacing[:, None]
    offset = center - matrix @ ((np.array(SHAPE) - 1) / 2)
    levelled: Array = ndimage.affine_transform(
        distance_mm, matrix, offset, SHAPE, order=1, cval=-REACH_MM
    )
    return levelled


def turn(angle_rad: float) -> Array:
    """Rotation of (row, column) that takes a picture's axis at this tilt to the level."""
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    return np.array([[cos, -sin], [sin, cos]])
