"""Names of the arrays that most functions take and give."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Coordinates, measures and maps that are computed with."""

Image = NDArray[np.float32]
"""Intensities of a slice or a volume."""

Mask = NDArray[np.bool_]
"""What lies inside."""
