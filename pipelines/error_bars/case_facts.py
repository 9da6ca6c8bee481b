"""The facts of a plan that foretell how far it may be off."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from callosal.pipelines.callosum.quality import MaskFacts
from callosal.pipelines.error_bars.picture_noise import picture_noise
from callosal.pipelines.midplane.localizer_volumes import (
    Images,
    LocalizerVolumes,
    sagittal_or_whole,
)
from callosal.pipelines.midplane.midsagittal import MidsagittalPlane

THICK_MM: Final = 2.5
"""Distance of slice centres from which a volume counts as one of thick slices."""

FACTS: Final = (
    "apart_mm", "noise", "doubt", "plane_deg", "plane_mm", "spread_deg", "spread_mm",
    "thin_mm",
)  # fmt: skip


class Kind(StrEnum):
    """What a plan rests on, as bounds are calibrated apart for each."""

    VOLUME = "volume"
    THICK_SLICES = "thick_slices"
    LOCALIZER = "localizer"
    SAGITTAL_SLICES = "sagittal_slices"


FULL_MM: Final = 6.5
"""Mean thickness from which a callosum does not count as thin: thick slices lose thinner ones."""

T1_STEP: Final = 0.4
"""Least step of the intensity at the border of a bright callosum on T1. Of T1 volumes and
localizers of the calibration 19 in 20 lie above 0.46; bright callosa of FLAIR lie at 0.3."""

DARK_STEP: Final = 0.2
"""The least at the border of a dark one, as on T2 and proton density: those of the calibration lie
above 0.25, and those of FLAIR at 0.08 to 0.2."""


class Contrast(StrEnum):
    """Groups of contrasts, by what the picture shows about the callosum."""

    T1 = "T1w"
    """Clearly brighter than its surroundings."""
    DARK = "dark"
    """Clearly darker, as on T2 and proton density."""
    OTHER = "other"
    """Hardly different, as on FLAIR, or not as the file says."""

    @classmethod
    def of(cls, weighting: str | None, is_bright: bool, step: float) -> "Contrast":
        """The group of an image.

        Args:
            weighting: T1w, T2w, FLAIR or PDw, as the file says it; None where it does not.
            is_bright: Whether the callosum is brighter than its surroundings.
            step: Of the intensity at its border (`MaskFacts.contrast`).
        """
        if is_bright:
            return cls.T1 if step >= T1_STEP and weighting in (None, cls.T1) else cls.OTHER
        return cls.DARK if step >= DARK_STEP and weighting != cls.T1 else cls.OTHER


@dataclass(frozen=True)
class CaseFacts:
    """What foretells the error of a plan.

    Attributes:
        kind: What the plan rests on.
        contrast: Group of its contrast.
        values: Facts by name, of `FACTS`; each foretells a larger error where it is larger, and
            is None where it could not be measured. `apart_mm`: distance of slice centres;
            `noise`: of `picture_noise`; `doubt`: 1 less the confidence; `plane_deg` and
            `plane_mm`: standard error of the midsagittal plane; `spread_deg` and `spread_mm`: how
            far the pose moves over the slices beside the midsagittal one; `thin_mm`: of
            `thinness_mm`.
    """

    kind: Kind
    contrast: Contrast
    values: Mapping[str, float | None]


def case_facts(
    images: Images,
    plane: MidsagittalPlane | None,
    outline: MaskFacts,
    spread: tuple[float | None, float | None],
    confidence: float,
    contrast: Contrast,
) -> CaseFacts:
    """The facts of a case with a pose.

    Args:
        images: What was planned on.
        plane: Its midsagittal plane; None for 2D slices.
        outline: What was measured on the outline of the callosum.
        spread: How far the pose moves over the slices beside, in degrees and in mm; None each
            where it was not measured.
        confidence: That of the plan, 0 to 1.
        contrast: Group of its contrast.
    """
    apart_mm = float(max(sagittal_or_whole(images).spacing))
    values = {
        "apart_mm": apart_mm,
        "noise": picture_noise(images),
        "doubt": 1 - confidence,
        "plane_deg": None if plane is None else plane.uncertainty_deg,
        "plane_mm": None if plane is None else plane.uncertainty_mm,
        "spread_deg": spread[0],
        "spread_mm": spread[1],
        "thin_mm": thinness_mm(outline.area_mm2, outline.length_mm),
    }
    return CaseFacts(kind_of(images, plane, apart_mm), contrast, values)


def thinness_mm(area_mm2: float, length_mm: float) -> float:
    """How far the mean thickness of a callosum, area over length, lies below `FULL_MM`; 0 or more.

    >>> thinness_mm(area_mm2=440.0, length_mm=80.0)
    1.0
    """
    return max(0.0, FULL_MM - area_mm2 / length_mm)


def kind_of(images: Images, plane: MidsagittalPlane | None, apart_mm: float) -> Kind:
    """What a plan rests on."""
    if isinstance(images, LocalizerVolumes):
        return Kind.LOCALIZER
    if plane is None:
        return Kind.SAGITTAL_SLICES
    return Kind.THICK_SLICES if apart_mm >= THICK_MM else Kind.VOLUME
