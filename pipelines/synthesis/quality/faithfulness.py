"""Whether the mask is where the image says: an independent segmenter against the emitted mask."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from callosal.export.runtime import MIN_SIDE, Segmenter
from callosal.models.errors import DataError
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.evaluation import overlap
from callosal.pipelines.evaluation.network import segment_slice


def faithfulness(segmenter: Segmenter, slices: Sequence[LabelledSlice]) -> NDArray[np.float64]:
    """Dice of the segmenter's mask against the emitted one, for each slice.

    Raises:
        DataError: The pictures are smaller than any segmenter takes.
    """
    scores = []
    for labelled in slices:
        side = min(np.array(labelled.image.shape) * labelled.spacing_mm)
        if side / segmenter.contract.spacing_mm < MIN_SIDE:
            raise DataError(
                f"{labelled.name}: {side:.0f} mm is too small for the segmenter", code="too_small"
            )
        probability, _ = segment_slice(segmenter, labelled.image, labelled.spacing_mm)
        scores.append(overlap.dice(probability >= 0.5, labelled.mask > 0))
    return np.array(scores)
