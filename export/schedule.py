"""The stations of a sampling loop: times, and the weights of signal and noise there."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Objective = Literal["rectified_flow", "vp"]


@dataclass(frozen=True, eq=False)
class Schedule:
    """The stations of a loop, from pure noise to the clean sample.

    Attributes:
        objective: "rectified_flow" for velocities, "vp" for v-predictions.
        times: Clock at each station, from 1 down to 0, shape (steps + 1,).
        signal: Weight of the clean sample there, shape (steps + 1,).
        noise: Weight of the noise there, shape (steps + 1,).
    """

    objective: Objective
    times: NDArray[np.float64]
    signal: NDArray[np.float64]
    noise: NDArray[np.float64]
