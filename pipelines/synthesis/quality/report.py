"""The figures of a set of samples beside their floors: real held-out slices against training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callosal.export.runtime import Segmenter
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.evaluation.summary import spread
from callosal.pipelines.synthesis.quality.distances import (
    Scale,
    density_and_coverage,
    kernel_distance,
    kernel_distance_interval,
)
from callosal.pipelines.synthesis.quality.diversity import mean_similarity
from callosal.pipelines.synthesis.quality.faithfulness import faithfulness
from callosal.pipelines.synthesis.quality.memorisation import (
    Neighbours,
    find_neighbours,
    memorisation_figures,
)
from callosal.pipelines.synthesis.quality.radiomics import radiomic_features
from callosal.pipelines.synthesis.quality.random_convolutions import random_features
from callosal.pipelines.synthesis.quality.shape import SHAPES, compare, in_one_piece, shapes_of
from callosal.pipelines.synthesis.quality.window import Windows

EXTRACTORS = {"radiomic": radiomic_features, "random_convolutions": random_features}

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sets:
    """The three sets of a comparison, each in one form.

    Attributes:
        generated: The samples.
        training: What the generator was trained on.
        held_out: Patients it has not seen.
    """

    generated: Windows
    training: Windows
    held_out: Windows


def likeness(sets: Sets) -> dict[str, Any]:
    """Kernel distance, density and coverage by feature set, each with its floor."""
    figures = {}
    for name, extract in EXTRACTORS.items():
        training = extract(sets.training)
        scale = Scale.of(training)
        training, held_out, generated = (
            scale.apply(one) for one in (training, extract(sets.held_out), extract(sets.generated))
        )
        # Against as many training slices as there are held-out ones, density and coverage of
        # samples and floor are those of sets of one size.
        count = min(len(training), len(generated), len(held_out))
        figures[name] = {
            "features": training.shape[1],
            "generated_to_held_out": _distance(generated, held_out),
            "generated_to_training": _distance(generated, training),
            "floor_training_to_held_out": _distance(training, held_out),
            "real_halves": _distance(training[::2], training[1::2]),
            "density_coverage": density_and_coverage(training, generated),
            "floor_density_coverage": density_and_coverage(training, held_out),
            "same_size_density_coverage": density_and_coverage(training, generated[:count]),
        }
    return figures


def variety(sets: Sets) -> dict[str, float]:
    """Mean MS-SSIM over pairs of samples, beside that of real slices."""
    return {
        "ms_ssim_generated": mean_similarity(sets.generated.images),
        "ms_ssim_training": mean_similarity(sets.training.images),
        "ms_ssim_held_out": mean_similarity(sets.held_out.images),
    }


def shape_figures(shapes: Mapping[str, Mapping[str, Values]]) -> dict[str, Any]:
    """Each measure of generated against training and, as the floor, held-out against training."""
    training = shapes["training"]
    return {
        name: {
            "generated": compare(shapes["generated"][name], training[name]),
            "floor_held_out": compare(shapes["held-out"][name], training[name]),
        }
        for name in SHAPES
    }


def all_shapes(
    generated: Sequence[LabelledSlice],
    training: Sequence[LabelledSlice],
    held_out: Sequence[LabelledSlice],
) -> dict[str, dict[str, Values]]:
    """Measures of the masks of the three sets."""
    sets = {"training": training, "held-out": held_out, "generated": generated}
    return {name: shapes_of(slices) for name, slices in sets.items()}


def mask_figures(
    segmenter: Segmenter,
    generated: Sequence[LabelledSlice],
    training: Sequence[LabelledSlice],
    held_out: Windows,
) -> tuple[dict[str, Any], Values]:
    """One-component rate and faithfulness with their floors, and each sample's Dice."""
    windows = [
        LabelledSlice("held-out", "", image, mask, (held_out.spacing_mm, held_out.spacing_mm))
        for image, mask in zip(held_out.images, held_out.masks, strict=True)
    ]
    scores = faithfulness(segmenter, generated)
    figures = {
        "one_component": float(np.mean([in_one_piece(one.mask) for one in generated])),
        "floor_one_component": float(np.mean([in_one_piece(one.mask) for one in training])),
        "faithfulness": spread(scores.tolist()),
        "faithful_0_80": float((scores >= 0.8).mean()),
        "floor_faithfulness": spread(faithfulness(segmenter, windows).tolist()),
    }
    return figures, scores


def copies(posed: Sets) -> tuple[dict[str, Any], dict[str, Neighbours]]:
    """Figures of the search of copies in pixel and in mask space, and the neighbours."""
    found = {
        "pixels": find_neighbours(posed.generated, posed.training, posed.held_out, "pixels"),
        "masks": find_neighbours(posed.generated, posed.training, posed.held_out, "masks"),
    }
    return {space: memorisation_figures(one) for space, one in found.items()}, found


def _distance(first: Values, second: Values) -> dict[str, Any]:
    return {
        "kid": kernel_distance(first, second),
        "ci95": kernel_distance_interval(first, second),
    }
