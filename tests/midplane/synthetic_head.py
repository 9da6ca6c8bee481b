"""A head of mirrored blobs in a skull, evaluated at any points: no resampling blurs its pose."""

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray

Array = NDArray[np.float64]

HEAD_CENTER_LPS_MM = np.array([4.0, -12.0, 20.0])


def rotation(x_deg: float, y_deg: float, z_deg: float) -> Array:
    """Rotation about x, then y, then z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.radians([x_deg, y_deg, z_deg])):
        turn = np.eye(3)
        i, j = (axis + 1) % 3, (axis + 2) % 3
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[i, j], turn[j, i] = -np.sin(angle), np.sin(angle)
        matrix = turn @ matrix
    return matrix


def grid_affine(spacing_mm: tuple[float, float, float], shape: tuple[int, int, int]) -> Array:
    """Sagittal scan order: axes right to left, superior to inferior, anterior to posterior."""
    affine = np.eye(4)
    axes = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    affine[:3, :3] = axes * spacing_mm
    middle = (np.array(shape) - 1) / 2
    affine[:3, 3] = HEAD_CENTER_LPS_MM - affine[:3, :3] @ middle
    return affine


def head_volume(
    turn: Array | None = None,
    spacing_mm: tuple[float, float, float] = (2.5, 2.5, 2.5),
    asymmetry: float = 0.3,
) -> Volume:
    """The head on a grid of about 200 mm; its midplane passes HEAD_CENTER_LPS_MM.

    Args:
        turn: Rotation of the head about HEAD_CENTER_LPS_MM, shape (3, 3).
        spacing_mm: Spacing along the sagittal scan's axes.
        asymmetry: Size of the blobs that have no mirror image.
    """
    shape = tuple(int(210 / step) for step in spacing_mm)
    affine = grid_affine(spacing_mm, shape)
    index = np.indices(shape).reshape(3, -1)
    lps = affine[:3, :3] @ index + affine[:3, 3:]
    inner = (np.eye(3) if turn is None else turn).T @ (lps - HEAD_CENTER_LPS_MM[:, None])
    values = intensities(inner.T, asymmetry).reshape(shape)
    return Volume(values.astype(np.float32), affine, "PATIENT")


def intensities(points_mm: Array, asymmetry: float) -> Array:
    """Intensities at points in the head's own frame, (n, 3) to (n,)."""
    rng = np.random.default_rng(7)
    blobs = rng.uniform(-1, 1, (60, 3)) * (60, 75, 65)
    weights = rng.uniform(-0.5, 0.5, 60)
    lone = rng.uniform(-1, 1, (30, 3)) * (60, 75, 65)
    lone_weights = rng.uniform(-0.5, 0.5, 30) * asymmetry
    radius = np.linalg.norm(points_mm / (68, 88, 80), axis=1)
    brain = 1 / (1 + np.exp((radius - 0.9) * 40))
    skull = np.exp(-0.5 * ((radius - 1.05) / 0.04) ** 2)
    centers = np.concatenate([blobs, blobs * (-1, 1, 1), lone])
    texture = 1 + _blobs(points_mm, centers, np.concatenate([weights, weights, lone_weights]))
    return 400 * (brain * np.clip(texture, 0.1, None) + 1.5 * skull)


def _blobs(points_mm: Array, centers_mm: Array, weights: Array) -> Array:
    """Sum of Gaussians of 9 mm; a few thousand points at a time stay in the cache."""
    lengths = (centers_mm**2).sum(axis=1)
    parts = []
    for some in np.array_split(points_mm, len(points_mm) // 4000 + 1):
        squared = (some**2).sum(axis=1)[:, None] - 2 * some @ centers_mm.T + lengths
        parts.append(np.exp(squared / (-2 * 9.0**2)) @ weights)
    return np.concatenate(parts)
