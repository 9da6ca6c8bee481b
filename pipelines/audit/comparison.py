"""An acquired stack held against the planned one: angles, offset, coverage of the brain.

Everything is told in the frame of the plan: left, posterior (along the final axis) and superior.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from callosal.pipelines.dicom.stacks import Stack
from callosal.pipelines.planning.head_extent import BRAIN_LIMIT_MM, reach_of_head_mm
from callosal.pipelines.planning.plan import SliceStack

Array = NDArray[np.float64]

SIDES = ("right", "anterior", "inferior", "left", "posterior", "superior")


@dataclass(frozen=True)
class Coverage:
    """How far a stack reaches beyond the brain.

    Attributes:
        beyond_mm: By side; below 0 where the brain reaches beyond the stack. Along the slices it
            is counted to the outer border of the last slice, in the slices to the edge of the
            field of view.
        assumed: Sides on which the reach of the brain was not measured but is an adult's.
        slices_missing: Slices that would have to be added at both ends to hold the brain.
        slices_spare: Slices that hold no brain.
    """

    beyond_mm: Mapping[str, float]
    assumed: tuple[str, ...]
    slices_missing: int
    slices_spare: int


@dataclass(frozen=True)
class Comparison:
    """An acquired stack against the planned stack of the nearest orientation.

    Attributes:
        planned: transverse, coronal or sagittal.
        angle_deg: Between the normals of the slices, 0 to 90.
        in_plane_deg: Turn of the image in its plane, from the nearest edge of the planned image,
            in (-45, 45]; right-handed about the planned normal.
        turn_deg: The whole turn from planned to acquired slices as a rotation vector: about the
            axes of the plan toward left, posterior and superior, right-handed. Of a transverse
            stack the first is its pitch.
        offset_mm: From the planned to the acquired centre, along the same three axes.
        across_mm: The part of it along the planned normal.
        coverage: Of the brain.
    """

    planned: str
    angle_deg: float
    in_plane_deg: float
    turn_deg: tuple[float, float, float]
    offset_mm: tuple[float, float, float]
    across_mm: float
    coverage: Coverage


@dataclass(frozen=True, eq=False)
class Reference:
    """What stacks are held against.

    Attributes:
        stacks: Planned stacks by name.
        axes: Unit vectors of the plan toward left, posterior and superior as rows, shape (3, 3).
        center_lps_mm: Centre of the final pose, shape (3,).
        head: Coarse mask of the head, of `find_head`.
    """

    stacks: Mapping[str, SliceStack]
    axes: Array
    center_lps_mm: Array
    head: Volume


def acquired_stack(stack: Stack) -> SliceStack:
    """Slices as acquired, in the words of a plan; overlapping ones have a gap below 0.

    Args:
        stack: Slices on an even line.
    """
    geometry = stack.geometry
    slices, rows, columns = geometry.spatial_shape
    directions = np.asarray(geometry.direction, dtype=float)
    thickness_mm = stack.frame.thickness_mm or stack.slice_spacing_mm
    middle = (np.array([slices, rows, columns]) - 1) / 2
    return SliceStack(
        row_dir=directions[:, 2],
        col_dir=directions[:, 1],
        center_lps_mm=geometry.map_indices_to_reference(middle[None])[0],
        fov_mm=(columns * geometry.spacing[2], rows * geometry.spacing[1]),
        thickness_mm=thickness_mm,
        gap_mm=stack.slice_spacing_mm - thickness_mm,
        n_slices=slices,
    )


def compare(acquired: SliceStack, reference: Reference) -> Comparison:
    """Hold a stack against the planned one whose slices it is nearest to.

    Args:
        acquired: Slices as acquired, in the frame of reference of the plan.
        reference: The plan.
    """
    name, planned = max(
        reference.stacks.items(), key=lambda entry: abs(float(entry[1].normal @ acquired.normal))
    )
    turn = _turn(planned, acquired)
    offset = reference.axes @ (acquired.center_lps_mm - planned.center_lps_mm)
    across = reference.axes[int(np.argmax(np.abs(reference.axes @ planned.normal)))]
    return Comparison(
        planned=name,
        angle_deg=math.degrees(math.acos(min(1.0, abs(float(planned.normal @ acquired.normal))))),
        in_plane_deg=_twist_deg(turn, planned.normal),
        turn_deg=_triple(np.degrees(reference.axes @ turn.as_rotvec())),
        offset_mm=_triple(offset),
        across_mm=float(across @ (acquired.center_lps_mm - planned.center_lps_mm)),
        coverage=cover(acquired, reference),
    )


def cover(acquired: SliceStack, reference: Reference) -> Coverage:
    """How much of the brain a stack holds, along its own axes.

    The brain ends where the head ends or where no brain reaches farther, as in a plan.
    """
    own = np.stack([acquired.row_dir, acquired.col_dir, acquired.normal])
    length_mm = (acquired.n_slices - 1) * acquired.slice_distance_mm + acquired.thickness_mm
    half_mm = np.array([*acquired.fov_mm, length_mm]) / 2
    order, signs = _nearest_axes(own, reference.axes)
    axes = own[order] * signs[:, None]
    extent = reach_of_head_mm(reference.head, axes, reference.center_lps_mm)
    brain = np.minimum(extent.reach_mm, BRAIN_LIMIT_MM)
    middle = axes @ (acquired.center_lps_mm - reference.center_lps_mm)
    beyond = np.concatenate([half_mm[order] - middle, half_mm[order] + middle]) - brain
    across = int(np.flatnonzero(order == 2)[0])
    ends = beyond[[across, across + 3]]
    distance_mm = acquired.slice_distance_mm
    return Coverage(
        beyond_mm=dict(zip(SIDES, map(float, beyond), strict=True)),
        assumed=tuple(s for s, known in zip(SIDES, extent.measured, strict=True) if not known),
        slices_missing=sum(math.ceil(max(0.0, -end) / distance_mm - 1e-6) for end in ends),
        slices_spare=min(
            acquired.n_slices, sum(math.floor(max(0.0, end) / distance_mm + 1e-6) for end in ends)
        ),
    )


def _turn(planned: SliceStack, acquired: SliceStack) -> Rotation:
    """The least turn that takes planned onto acquired slices, whatever way rows and slices count.

    Images may be mirrored, or turned by 90 degrees with the phase direction: that is no error.
    """
    first = np.stack([planned.row_dir, planned.col_dir, planned.normal])
    normal = acquired.normal * (1.0 if planned.normal @ acquired.normal >= 0 else -1.0)
    edges = (acquired.row_dir, -acquired.row_dir, acquired.col_dir, -acquired.col_dir)
    row = max(edges, key=lambda edge: float(edge @ planned.row_dir))
    second = np.stack([row, np.cross(normal, row), normal])
    return Rotation.from_matrix(second.T @ first)


def _twist_deg(turn: Rotation, axis: Array) -> float:
    """The part of a turn about an axis, in degrees (swing and twist)."""
    x, y, z, w = turn.as_quat()
    angle = 2 * math.atan2(float(np.array([x, y, z]) @ axis), float(w))
    return math.degrees((angle + math.pi) % (2 * math.pi) - math.pi)


def _nearest_axes(own: Array, axes: Array) -> tuple[NDArray[np.intp], Array]:
    """Which axis of a stack is nearest to each of the plan's, each taken once, and its sign."""
    cosines = axes @ own.T
    left = np.abs(cosines)
    order = np.zeros(3, dtype=np.intp)
    for _ in range(3):
        row, column = np.unravel_index(int(np.argmax(left)), left.shape)
        order[row] = column
        left[row, :] = left[:, column] = -1.0
    return order, np.where(cosines[np.arange(3), order] >= 0, 1.0, -1.0)


def _triple(values: Array) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
