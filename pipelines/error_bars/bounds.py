"""The error bars of a plan: bounds that hold for 95 % of cases like it, or why there are none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from callosal.pipelines.error_bars.calibration import CalibrationTable, shipped_table
from callosal.pipelines.error_bars.case_facts import CaseFacts, Kind
from callosal.pipelines.planning.findings import ASSUMED_REASON, BARS
from callosal.pipelines.settings import Settings

OTHER_MODEL: Final = "bars_of_another_model"
OTHER_SETTINGS: Final = "bars_of_other_settings"
BEYOND: Final = "beyond_calibration"
IN_DOUBT: Final = "plan_in_doubt"


@dataclass(frozen=True)
class Bounds:
    """Error bars, by name of `BARS`.

    Attributes:
        values: Degrees or mm; None for each that cannot be given.
        reasons: Code by name, for each of those.
    """

    values: Mapping[str, float | None]
    reasons: Mapping[str, str]

    @classmethod
    def none(cls, reason: str) -> "Bounds":
        """No bound at all."""
        return cls(dict.fromkeys(BARS), dict.fromkeys(BARS, reason))


def error_bars(
    facts: CaseFacts,
    model_sha256: str,
    settings: Settings,
    table: CalibrationTable | None = None,
) -> Bounds:
    """Bounds that hold for 95 % of the cases like this one.

    Args:
        facts: What foretells the error.
        model_sha256: Hash of the network that outlined the callosum.
        settings: How the case was planned.
        table: Calibrated bounds; None for those that ship.

    Returns:
        The bounds. None is given, with its reason, for another network or other rules of the pose
        than those of the calibration, and for facts that lie beyond it: never a narrow one.
    """
    known = shipped_table() if table is None else table
    if model_sha256 != known.model_sha256:
        return Bounds.none(OTHER_MODEL)
    if not _default_pose(settings):
        return Bounds.none(OTHER_SETTINGS)
    calibration = known.kinds.get(facts.kind)
    if calibration is None or not calibration.knows(facts.contrast):
        return Bounds.none(BEYOND)
    beyond = calibration.beyond(facts.values)
    if beyond:
        return Bounds.none(IN_DOUBT if "doubt" in beyond else BEYOND)
    values = calibration.bounded(facts.values)
    found: dict[str, float | None] = {
        name: scale.levels[facts.contrast] * scale.unit(values)
        for name, scale in calibration.scales.items()
    }
    missing = ASSUMED_REASON if facts.kind is Kind.SAGITTAL_SLICES else BEYOND
    return Bounds(
        {name: found.get(name) for name in BARS},
        {name: missing for name in BARS if name not in found},
    )


def _default_pose(settings: Settings) -> bool:
    """Whether line and fusion, from which the pose comes, are those of the calibration."""
    usual = Settings()
    return (settings.line, settings.fusion.box_weight) == (usual.line, usual.fusion.box_weight)
