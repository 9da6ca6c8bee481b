"""One drawn head: its tissues, its callosum and the sizes of what surrounds it.

Intensities are those of a T1 weighted scan relative to white matter: fat bright, white over grey
matter, fluid and bone dark.
"""

from dataclasses import dataclass

import numpy as np

from callosal.pipelines.phantom.callosum import Tube, drawn_callosum


@dataclass(frozen=True)
class Tissues:
    """Intensity of each tissue relative to white matter of the hemispheres."""

    callosum: float
    white: float
    grey: float
    fluid: float
    septum: float
    fat: float
    muscle: float
    marrow: float
    bone: float = 0.08
    air: float = 0.02


@dataclass(frozen=True, eq=False)
class Anatomy:
    """One drawn head in head coordinates.

    Attributes:
        tissues: Its intensities.
        callosum: Its callosum, the exact truth.
        factors: Stretch of the deep structures along u and v.
        scalp_mm: Thickness of the scalp.
        shift_mm: Offset (u, v) of the hindbrain from its standard place.
    """

    tissues: Tissues
    callosum: Tube
    factors: tuple[float, float]
    scalp_mm: float
    shift_mm: tuple[float, float]


def drawn_anatomy(rng: np.random.Generator) -> Anatomy:
    """A head of random contrast, size and callosum."""
    grey = rng.uniform(0.55, 0.78)
    fluid = rng.uniform(0.12, 0.3)
    tissues = Tissues(
        callosum=rng.uniform(1.0, 1.25),
        white=rng.uniform(0.88, 1.0),
        grey=grey,
        fluid=fluid,
        septum=rng.uniform(fluid, grey),
        fat=rng.uniform(0.8, 1.9),
        muscle=rng.uniform(0.35, 0.6),
        marrow=rng.uniform(0.2, 0.7),
    )
    factors = (rng.uniform(0.86, 1.1), rng.uniform(0.78, 1.15))
    shift = (rng.uniform(-3, 3), rng.uniform(-4, 2))
    return Anatomy(tissues, drawn_callosum(rng, factors), factors, rng.uniform(4, 7), shift)
