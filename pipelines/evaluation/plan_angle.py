"""The plan angle of a probability map, to compare two maps of one slice."""

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import GeometryError
from callosal.pipelines.evaluation.measures import final_roi
from callosal.pipelines.geometry.slice_image import on_slice


def plan_angle_deg(probability: NDArray[np.float32]) -> float | None:
    """Angle of the final ROI with the default settings, on square pixels.

    Args:
        probability: Map of the segmenter, shape (H, W).

    Returns:
        Degrees in (-90, 90]; None if the map shows no callosum, or too little for a pose.
    """
    try:
        return final_roi(probability, on_slice(probability, (0.5, 0.5))).roi.angle_deg
    except GeometryError:
        return None
