"""Outlines of known shape: a band of given half width along a curve, with round ends."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from callosal.pipelines.geometry.slice_image import SliceImage


def arch_outline(length=90.0, thickness=6.0, half_angle_deg=60.0, step=0.2):
    """The outline of `Arch`, tilt 0, apex superior, about the centre of its circle."""
    half_angle = np.deg2rad(half_angle_deg)
    radius = length / (2 * half_angle)
    at = np.linspace(np.pi / 2 - half_angle, np.pi / 2 + half_angle, int(length / step))
    return band(np.stack([radius * np.cos(at), radius * np.sin(at)], axis=1), thickness / 2)


def callosum_outline():
    """A callosum with rostrum, thick genu and splenium and a thin isthmus."""
    knots = np.array(
        [(22, -9), (28, -10), (33, -6), (31, 2), (24, 8), (10, 12), (-8, 12), (-22, 7), (-33, 0),
         (-35, -8)], dtype=float,
    )  # fmt: skip
    half = np.array([1.0, 1.8, 4.5, 4.5, 3.4, 2.9, 2.7, 2.1, 4.6, 4.4])
    at = np.linspace(0, len(knots) - 1, 600)
    curve = np.stack([_smooth(at, knots[:, i]) for i in (0, 1)], axis=1)
    return band(curve, _smooth(at, half))


def band(curve, half_width):
    """Outline of a band, counter-clockwise, for a curve from anterior to posterior over the top."""
    tangent = np.gradient(curve, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    out = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    half = np.broadcast_to(half_width, len(curve))
    superior, inferior = curve + half[:, None] * out, curve - half[:, None] * out
    turn = np.linspace(0, np.pi, 40)[1:-1, None]
    posterior = curve[-1] + half[-1] * (np.cos(turn) * out[-1] + np.sin(turn) * tangent[-1])
    anterior = curve[0] + half[0] * (-np.cos(turn) * out[0] - np.sin(turn) * tangent[0])
    return np.vstack([superior, posterior, inferior[::-1], anterior])


def empty_slice(spacing_mm=(1.0, 1.0), shape=(160, 160)):
    return SliceImage(
        np.zeros(shape, np.float32),
        spacing_mm,
        np.zeros(3),
        np.array([0.0, 1.0, 0.0]),
        np.array([0.0, 0.0, -1.0]),
    )


def _smooth(at, values):
    return PchipInterpolator(np.arange(len(values)), values)(at)
