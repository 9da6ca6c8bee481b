"""The search for a plane of symmetry over all tilts of a head, before it is refined."""

from typing import Final

import numpy as np

from callosal.pipelines.midplane.cores import on_all_cores
from callosal.pipelines.midplane.resample import Array, GridImage, Image
from callosal.pipelines.midplane.symmetry import MirrorPlane

CONE_DEG: Final = 45.0  # turns of 30 degrees about all three axes tilt the plane by 41 at most
_GRID_DEG: Final = 12.0
_APART_DEG: Final = 13.0
_LARGEST_OFFSET_MM: Final = 25.0  # of the midplane from the middle of the tissue


def search_planes(
    image: GridImage,
    center_mm: Array,
    left_right: Array,
    radius_mm: float,
    step_mm: float,
    count: int,
) -> tuple[MirrorPlane, ...]:
    """The most symmetric planes of a coarse image over a grid of tilts and all offsets.

    Args:
        image: Local contrast of the head, coarse.
        center_mm: Centre of the head in grid mm, shape (3,).
        left_right: Unit direction of the patient's left-right axis in grid mm, shape (3,).
        radius_mm: Half the side of the cube of samples.
        step_mm: Distance of samples.
        count: Number of planes wanted; they are at least 13 degrees apart.

    Returns:
        Planes, the most symmetric first.
    """

    def across(normal: Array) -> MirrorPlane:
        plane = MirrorPlane(center_mm, normal, 0.0)
        block = image.block(center_mm, plane.frame, np.full(3, radius_mm), step_mm)
        offset_mm, symmetry = best_offset(np.nan_to_num(block), step_mm)
        return MirrorPlane(center_mm + offset_mm * normal, normal, symmetry)

    planes = on_all_cores(across, directions_about(left_right))
    return _apart(sorted(planes, key=lambda plane: -plane.symmetry), count)


def directions_about(axis: Array) -> Array:
    """Unit vectors in rings about an axis, about 12 degrees apart, to 45 degrees; shape (n, 3)."""
    frame = MirrorPlane(np.zeros(3), axis, 0.0).frame
    tilts = np.radians(np.linspace(0, CONE_DEG, round(CONE_DEG / _GRID_DEG) + 1))
    found = []
    for tilt in tilts:
        ring = max(1, round(2 * np.pi * np.sin(tilt) / np.radians(_GRID_DEG)))
        turns = 2 * np.pi * np.arange(ring) / ring
        ones = np.ones(ring)
        x, y = np.sin(tilt) * np.cos(turns), np.sin(tilt) * np.sin(turns)
        found.append(np.stack([x, y, np.cos(tilt) * ones], axis=1) @ frame.T)
    return np.concatenate(found)


def best_offset(block: Image, step_mm: float) -> tuple[float, float]:
    """Offset of the most symmetric plane across a block in mm, and its symmetry, about 0..1.

    Args:
        block: Samples, shape (U, V, W).
        step_mm: Distance of samples along the last axis.
    """
    offsets_mm, symmetry = correlations(block, step_mm)
    best = int(np.argmax(symmetry))
    return float(offsets_mm[best]), float(symmetry[best])


def correlations(block: Image, step_mm: float) -> tuple[Array, Array]:
    """How symmetric a block is about planes across its last axis, for all offsets at once.

    The products of a profile with its mirror image about a point are the sum along an antidiagonal
    of the products of all its samples with each other, so one matrix product gives them all.

    Args:
        block: Samples, shape (U, V, W).
        step_mm: Distance of samples along the last axis.

    Returns:
        Offsets of planes from the middle of the block in mm, and the symmetry of each.
    """
    length = block.shape[2]
    profiles = block.reshape(-1, length)
    products = profiles.T @ profiles
    power = np.diag(products).astype(float)
    # Samples i and j mirror each other at the plane between them, half their sum from the first.
    sums = np.add.outer(np.arange(length), np.arange(length)).ravel()
    symmetric = np.bincount(sums, products.ravel())
    shared_power = np.convolve(power, np.ones(length))
    offset_mm = (np.arange(2 * length - 1) - (length - 1)) / 2 * step_mm
    # part of the whole power in the divisor keeps a small overlap from winning
    divisor = 0.7 * shared_power + 0.3 * power.sum() + 1e-9
    symmetry = np.where(np.abs(offset_mm) <= _LARGEST_OFFSET_MM, symmetric / divisor, -1.0)
    return offset_mm, symmetry


def _apart(planes: list[MirrorPlane], count: int) -> tuple[MirrorPlane, ...]:
    """The first planes whose normals differ."""
    kept: list[MirrorPlane] = []
    limit = np.cos(np.radians(_APART_DEG))
    for plane in planes:
        if all(abs(plane.normal @ other.normal) < limit for other in kept):
            kept.append(plane)
        if len(kept) == count:
            break
    return tuple(kept)
