"""Interpolating cubic splines, in the two kinds that planning needs.

scipy.interpolate has both, but brings the whole of scipy's optimisation with it: importing it
takes longer than all splines of a case. A test compares the two.
"""

import numpy as np
from scipy.linalg import solve_banded

from callosal.models.arrays import Array


def spline_weights(knots: Array, at: Array) -> Array:
    """Matrix that takes values at knots to values of the spline through them.

    The third derivative is continuous at the first and last inner knot ("not-a-knot"; de Boor
    2001, A Practical Guide to Splines, chapter IV). Of two knots it is a line, of three a parabola.

    Args:
        knots: Growing, two or more, shape (n,).
        at: Where the spline is wanted, within the knots, shape (m,).

    Returns:
        Weights, shape (m, n).
    """
    if len(knots) < 4:
        return _lagrange_weights(knots, at)
    steps = np.diff(knots)
    equations, values = _smooth_joints(steps, len(knots))
    equations[0, :3] = [steps[1], -(steps[0] + steps[1]), steps[0]]
    equations[-1, -3:] = [steps[-1], -(steps[-2] + steps[-1]), steps[-2]]
    bends = np.asarray(np.linalg.solve(equations, values), dtype=np.float64)
    return _evaluate(knots, np.eye(len(knots)), bends, at)


def periodic_spline(knots: Array, values: Array, at: Array) -> Array:
    """A closed curve through points, twice continuously differentiable everywhere.

    Args:
        knots: Growing, four or more, shape (n,).
        values: Points at the knots; the last one equals the first, shape (n, d).
        at: Where the curve is wanted, within the knots, shape (m,).

    Returns:
        Points, shape (m, d).
    """
    steps = np.diff(knots)
    rises = np.diff(values, axis=0) / steps[:, None]
    bends = _closed_bends(steps, 6 * (rises - np.roll(rises, 1, axis=0)))
    return _evaluate(knots, values, np.vstack([bends, bends[:1]]), at)


def _closed_bends(steps: Array, known: Array) -> Array:
    """Second derivatives at the knots of a closed spline.

    The equations are tridiagonal but for two corners, which Sherman and Morrison's formula adds
    (Press et al. 2007, Numerical Recipes, section 2.7): a ragged outline of thousands of knots
    takes milliseconds, and a dense matrix of it seconds.

    Args:
        steps: Distances of neighbouring knots, the last one back to the first knot, shape (n,).
        known: Right side, shape (n, d).
    """
    diagonal = 2 * (np.roll(steps, 1) + steps)
    corner, pivot = steps[-1], -diagonal[0]
    edge = np.zeros((len(steps), 1))
    edge[[0, -1], 0] = pivot, corner
    diagonal[0] -= pivot
    diagonal[-1] -= corner**2 / pivot
    beside = np.append(steps[:-1], 0.0)
    bands = np.stack([np.roll(beside, 1), diagonal, beside])
    solved = solve_banded((1, 1), bands, np.hstack([known, edge]))
    found, edge = solved[:, :-1], solved[:, -1:]
    share = corner / pivot
    scale = (found[0] + share * found[-1]) / (1 + edge[0] + share * edge[-1])
    bends: Array = found - edge * scale
    return bends


def _smooth_joints(steps: Array, count: int) -> tuple[Array, Array]:
    """Equations that make first derivatives meet at inner knots: unknowns, and known values."""
    equations, values = np.zeros((2, count, count))
    inner = np.arange(1, count - 1)
    before, after = steps[:-1], steps[1:]
    equations[inner, inner - 1] = before
    equations[inner, inner] = 2 * (before + after)
    equations[inner, inner + 1] = after
    values[inner, inner - 1] = 6 / before
    values[inner, inner] = -6 / before - 6 / after
    values[inner, inner + 1] = 6 / after
    return equations, values


def _evaluate(knots: Array, values: Array, bends: Array, at: Array) -> Array:
    """The spline from its values and second derivatives at the knots."""
    left = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
    step = (knots[left + 1] - knots[left])[:, None]
    after = (at[:, None] - knots[left, None]) / step
    before = 1 - after
    curved: Array = (before**3 - before) * bends[left] + (after**3 - after) * bends[left + 1]
    return before * values[left] + after * values[left + 1] + curved * step**2 / 6


def _lagrange_weights(knots: Array, at: Array) -> Array:
    weights = np.ones((len(at), len(knots)))
    for i, knot in enumerate(knots):
        for other in np.delete(knots, i):
            weights[:, i] *= (at - other) / (knot - other)
    return weights
