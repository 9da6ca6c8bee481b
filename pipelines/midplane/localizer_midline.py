"""The midline of a sagittal localizer: between which of its few slices the halves of the head meet.

Slices far apart are too coarse to be cut along a plane, yet enough to compare: those at equal
distances to either side of the midline are mirror images. That tells which slice lies near it,
which no slice tells by itself, for a dark ventricle 15 mm aside can look like a callosum.
"""

from dataclasses import dataclass
from typing import Final

from highdicom import Volume

from callosal.models.errors import InputError
from callosal.pipelines.midplane.midsagittal import MidsagittalPlane, find_midsagittal_plane
from callosal.pipelines.midplane.resample import Array

_LEAST_SLICES: Final = 5  # of three, any arrangement has its middle slice as plane of symmetry
_LEAST_EXTENT_MM: Final = 60.0
_ERROR_SHARE: Final = 0.25  # of the spacing; largest seen: 2.1 mm of 15, 4.9 mm of 20


@dataclass(frozen=True, eq=False)
class LocalizerMidline:
    """Where the halves of the head meet among the slices of a localizer.

    Attributes:
        plane: The plane of best symmetry.
        error_mm: How far it may lie off for the gaps between the slices.
    """

    plane: MidsagittalPlane
    error_mm: float

    def farthest_mm(self, point_lps_mm: Array) -> float:
        """Distance that a point may have from the midline, the error counted against it.

        Args:
            point_lps_mm: Patient position, shape (3,).
        """
        offset_mm = float((point_lps_mm - self.plane.point_lps_mm) @ self.plane.normal)
        return abs(offset_mm) + self.error_mm


def find_localizer_midline(
    volume: Volume, count: int, spacing_mm: float
) -> LocalizerMidline | None:
    """Finds the midline of a sagittal localizer by the symmetry of its slices.

    Args:
        volume: The slices, any array axes and dtype.
        count: Number of slices.
        spacing_mm: Distance of their centres.

    Returns:
        The midline; None where fewer than five slices, less than 60 mm across or a plane that is
        in doubt itself do not tell it.
    """
    if count < _LEAST_SLICES or count * spacing_mm < _LEAST_EXTENT_MM:
        return None
    try:
        plane = find_midsagittal_plane(volume)
    except InputError:
        return None
    return None if plane.flags else LocalizerMidline(plane, _ERROR_SHARE * spacing_mm)
