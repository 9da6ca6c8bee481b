"""The size of the head, estimated, and the area of the callosum relative to it.

No brain is segmented: what is measured is the volume of the head above the transverse plane through
the callosum, skull and scalp included. Face and neck lie below that plane. It stands in for the
intracranial volume and is no measure of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from scipy import ndimage

from callosal.pipelines.morphometry.measures import Morphometry

Array = NDArray[np.float64]

HEAD_MEASURES: Final = ("head_above_cm3", "area_to_head")
CUT_OFF: Final = "head_leaves_volume"
"""Reason code: the images end before the head does."""

_MOST_AT_EDGE: Final = 0.02
"""Share of the head above the plane that may lie on the edge of the volume: noise of the mask."""

_MM3_PER_CM3: Final = 1000.0


@dataclass(frozen=True)
class HeadSize:
    """The volume of the head above a plane; None where the head leaves the volume."""

    above_cm3: float | None


def head_size(head: Volume, up: Array, point_lps_mm: Array) -> HeadSize:
    """Measure the head above a plane.

    Args:
        head: Mask of the head, 1 inside.
        up: Unit vector toward superior, normal to the plane, shape (3,).
        point_lps_mm: A point of the plane, shape (3,).
    """
    inside = ndimage.binary_fill_holes(head.array > 0)
    index = np.argwhere(inside)
    steps = np.asarray(head.affine, dtype=float)[:3]
    height_mm = (index @ steps[:, :3].T + steps[:, 3] - point_lps_mm) @ up
    # A voxel that the plane cuts counts by the part that lies above.
    reach_mm = float(np.abs(up @ steps[:, :3]).sum())
    share = np.clip(height_mm / reach_mm + 0.5, 0, 1)
    at_edge = ((index == 0) | (index == np.array(inside.shape) - 1)).any(axis=1)
    total = float(share.sum())
    if total == 0 or float(share[at_edge].sum()) > _MOST_AT_EDGE * total:
        return HeadSize(None)
    voxel_mm3 = abs(float(np.linalg.det(steps[:, :3])))
    return HeadSize(total * voxel_mm3 / _MM3_PER_CM3)


def with_head_size(morphometry: Morphometry, size: HeadSize) -> Morphometry:
    """The measures with those of the head, or with the reason why they could not be taken.

    Args:
        morphometry: Measures of the callosum.
        size: The head's.
    """
    values: Mapping[str, float | None] = {**morphometry.values, **_values(morphometry, size)}
    missing = {name: CUT_OFF for name in HEAD_MEASURES if values[name] is None}
    return replace(morphometry, values=values, reasons={**morphometry.reasons, **missing})


def _values(morphometry: Morphometry, size: HeadSize) -> dict[str, float | None]:
    area_mm2 = morphometry.values["area_mm2"]
    if size.above_cm3 is None or area_mm2 is None:
        return {"head_above_cm3": size.above_cm3, "area_to_head": None}
    # An area goes with the square of a length, a volume with its cube.
    relative = area_mm2 / (size.above_cm3 * _MM3_PER_CM3) ** (2 / 3)
    return {"head_above_cm3": size.above_cm3, "area_to_head": relative}
