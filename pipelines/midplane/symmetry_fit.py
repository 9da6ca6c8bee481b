"""The plane of best left-right symmetry of an image, found by registering it to its mirror image.

Where the two halves differ, the derivative of the difference by the plane's offset and tilt tells
how to move the plane (Gauss-Newton). Differences that stand out, such as a lesion, count less
(Geman-McClure weights, iteratively reweighted). The aim is that of Liu, Collins and Rothfus 2001
(IEEE TMI 20(3):175), the search is not.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from callosal.pipelines.midplane.resample import Array, GridImage, Image
from callosal.pipelines.midplane.symmetry import Halves, Lattice, MirrorPlane, halves

_LARGEST_STEP: Final = np.array([6.0, 0.1, 0.1])  # mm, radians, radians
_LARGEST_GAIN: Final = 4.0
_SECTORS: Final = 4  # along each axis in the plane, for the jackknife
_LEAST_SECTORS: Final = 4  # of all of them; in fewer there is no head to speak of


def refine(
    image: GridImage,
    start: MirrorPlane,
    lattice: Lattice,
    center_mm: Array,
    tolerance_mm: float,
    most_steps: int,
) -> tuple[MirrorPlane, Halves]:
    """Moves a plane to the nearest best symmetry.

    Args:
        image: Local contrast of the head.
        start: First guess, within about 10 degrees and 10 mm at a coarse image.
        lattice: Where to compare the halves.
        center_mm: Centre of the head, shape (3,); the lattice is kept about it.
        tolerance_mm: Stops when no point of the lattice moves by more.
        most_steps: Stops after that many steps in any case.

    Returns:
        The plane with the symmetry of its halves, and these halves.
    """
    plane = start.through_nearest(center_mm)
    reach_mm = np.array([1.0, *lattice.half_width_mm[:2]])
    gain, last_mm = 1.0, np.zeros(3)
    for _ in range(most_steps):
        sides = halves(image, plane, lattice)
        terms = _normal_equations(sides.jacobian, sides.near - sides.far, sides.robust_weight())
        step_mm = -_solve(*terms) * reach_mm
        gain = _tuned(gain, step_mm, last_mm)
        last_mm = step_mm
        step = np.clip(gain * step_mm / reach_mm, -_LARGEST_STEP, _LARGEST_STEP)
        plane = plane.moved(float(step[0]), step[1:]).through_nearest(center_mm)
        if np.abs(gain * step_mm).sum() < tolerance_mm:
            break
    sides = halves(image, plane, lattice)
    return replace(plane, symmetry=sides.symmetry), sides


def _tuned(gain: float, step_mm: Array, last_mm: Array) -> float:
    """Gain of the next step: more where steps shrink slowly, less where they turn back.

    Texture that has no mirror image adds to the Gauss-Newton matrix, so that plain steps fall
    short by a constant factor; the ratio of successive steps shows it (Aitken).
    """
    last_power = float(last_mm @ last_mm)
    if last_power == 0.0:
        return gain
    ratio = float(np.clip(step_mm @ last_mm / last_power, -0.5, 0.6))
    return float(np.clip(gain / (1 - ratio), 0.5, _LARGEST_GAIN))


def _normal_equations(jacobian: Image, residual: Image, weight: Image) -> tuple[Array, Array]:
    """Gauss-Newton matrix (3, 3) and gradient (3,) of the weighted squared difference."""
    jacobian = jacobian.reshape(3, -1)
    weighted = jacobian * weight.ravel()
    hessian, gradient = weighted @ jacobian.T, weighted @ residual.ravel()
    return hessian.astype(np.float64), gradient.astype(np.float64)


def _solve(hessian: Array, gradient: Array) -> Array:
    """Solves with a trace of damping, so that a direction without information stays put."""
    damping = np.diag(1e-6 * np.diag(hessian) + 1e-9)
    return np.asarray(np.linalg.solve(hessian + damping, gradient))


def jackknife(sides: Halves) -> tuple[float, float]:
    """How far the plane would move if parts of the head were missing, as standard errors.

    The lattice is cut into sectors over the plane; each is left out in turn and one Gauss-Newton
    step gives the plane without it (delete-a-group jackknife; Kott 2001). It measures how well
    the parts of the head agree on one plane, not the noise of the voxels alone.

    Args:
        sides: Both sides of the plane found, on the lattice it was found with.

    Returns:
        Standard error of the normal in degrees and of the offset in mm; infinite where too few
        parts hold anything that could be compared.
    """
    weight, residual = sides.robust_weight(), sides.near - sides.far
    parts = [
        _normal_equations(sides.jacobian[(slice(None), *at)], residual[at], weight[at])
        for at in _sector_slices(weight.shape)
        if weight[at].any()
    ]
    if len(parts) < _LEAST_SECTORS:
        return np.inf, np.inf
    hessian, gradient = (sum(terms) for terms in zip(*parts, strict=True))
    moves = np.array([-_solve(hessian - h, gradient - g) for h, g in parts])
    variance = (len(moves) - 1) * moves.var(axis=0)
    return float(np.degrees(np.sqrt(variance[1] + variance[2]))), float(np.sqrt(variance[0]))


def _sector_slices(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    rows = np.linspace(0, shape[0], _SECTORS + 1).astype(int)
    columns = np.linspace(0, shape[1], _SECTORS + 1).astype(int)
    return [
        (slice(rows[i], rows[i + 1]), slice(columns[j], columns[j + 1]))
        for i in range(_SECTORS)
        for j in range(_SECTORS)
    ]
