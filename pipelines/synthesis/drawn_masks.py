"""Masks that are drawn from a shape model instead of given."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.models.errors import ModelFileError
from callosal.models.generation.spec import GeneratorSpec
from callosal.pipelines.synthesis.shape_model import REACH_MM, SHAPE, STEP_MM, ShapeModel, turn

LIMIT = 2.0
"""Modes are drawn within so many standard deviations."""

_STREAM = (1 << 31) + 1
_TRIES = 50


@dataclass(frozen=True, eq=False)
class DrawnMasks:
    """Masks of a shape model, one for each sample of a set.

    Attributes:
        model: What callosa look like.
        seed: Seed of the set.
        spec: Gives grid and scale of the mask channel.
    """

    model: ShapeModel
    seed: int
    spec: GeneratorSpec

    def description(self) -> str:
        """What the manifest says of the masks."""
        return "by the generator's statistical shape model"

    def name(self, number: int) -> str:
        """Name of the mask for the sample of a number."""
        return f"shape-{self.seed}-{number}"

    def channel(self, number: int) -> NDArray[np.float32]:
        """tanh(signed distance / scale) for the sample of a number, shape (H, W).

        Raises:
            ModelFileError: No draw gave one piece of plausible area.
        """
        rng = np.random.default_rng([self.seed, number, _STREAM])
        for _ in range(_TRIES):
            distance_mm = self._drawn(rng)
            inside = distance_mm > 0
            area_mm2 = float(inside.sum()) * math.prod(self.spec.spacing_mm)
            low, high = self.model.area_mm2
            if ndimage.label(inside)[1] == 1 and low <= area_mm2 <= high:
                channel: NDArray[np.float32] = np.tanh(distance_mm / self.spec.sdf_scale_mm)
                return channel.astype(np.float32)
        raise ModelFileError(
            f"shape model: {_TRIES} draws gave no mask in one piece; fit it anew",
            code="bad_shape_model",
        )

    def _drawn(self, rng: np.random.Generator) -> Array:
        """Signed distance in mm of a drawn mask on the generator's grid."""
        model, spec = self.model, self.spec
        weights = np.clip(rng.standard_normal(len(model.modes)), -LIMIT, LIMIT)
        shape_mm = model.mean + np.tensordot(weights, model.modes, axes=1)
        mean_deg, std_deg = model.tilt_deg
        tilt = math.radians(mean_deg + std_deg * np.clip(rng.standard_normal(), -LIMIT, LIMIT))
        offset = np.clip(rng.standard_normal(2), -LIMIT, LIMIT)
        center_mm = model.center_mm[0] + model.center_mm[1] * offset
        # A crop is a window about the callosum: where that lay in the slice is not seen.
        if min(np.array(spec.shape) * spec.spacing_mm) < 150:
            center_mm = 0 * center_mm
        step = np.array(spec.spacing_mm)
        center = (np.array(spec.shape) - 1) / 2 + center_mm / step
        matrix = turn(tilt) * step / STEP_MM
        middle = (np.array(SHAPE) - 1) / 2
        drawn: Array = ndimage.affine_transform(
            shape_mm, matrix, middle - matrix @ center, spec.shape, order=1, cval=-REACH_MM
        )
        return drawn
