"""Answers that need no image; any model has to beat them.

Both come from the training split only: the thresholded mean of its masks, and one pose for all.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.evaluation.measures import CaseMeasures, final_roi, measure_case
from callosal.pipelines.evaluation.summary import spread
from callosal.pipelines.geometry.plane_angles import axis_difference_deg
from callosal.pipelines.geometry.slice_image import on_slice


def mean_mask(training: Sequence[LabelledSlice]) -> NDArray[np.float64]:
    """Share of the training masks that cover each pixel; all must share one grid."""
    total = np.zeros(training[0].mask.shape)
    for labelled in training:
        total += labelled.mask
    return total / len(training)


def mean_mask_floor(
    training: Sequence[LabelledSlice], cases: Sequence[LabelledSlice]
) -> list[CaseMeasures]:
    """Measures of the mean training mask on every case."""
    answer = mean_mask(training)
    return [
        measure_case(answer, case.mask, on_slice(case.image, case.spacing_mm), 0.0)
        for case in cases
    ]


def constant_pose_floor(
    training: Sequence[LabelledSlice], cases: Sequence[LabelledSlice]
) -> dict[str, object]:
    """Errors of the mean pose of the training masks, used for every case."""
    angle, x, y = _poses(training).mean(axis=0)
    found = _poses(cases)
    angles = [abs(axis_difference_deg(value, angle)) for value in found[:, 0]]
    centers = np.linalg.norm(found[:, 1:] - [x, y], axis=1)
    return {"angle_error_deg": spread(angles), "center_error_mm": spread(centers.tolist())}


def _poses(slices: Sequence[LabelledSlice]) -> NDArray[np.float64]:
    """Final angle and centre (x, y) of each reference mask, shape (N, 3)."""
    poses = []
    for labelled in slices:
        roi = final_roi(labelled.mask, on_slice(labelled.image, labelled.spacing_mm)).roi
        poses.append((roi.angle_deg, *roi.center_mm))
    return np.array(poses)
