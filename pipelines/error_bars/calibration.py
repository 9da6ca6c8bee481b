"""The table of calibrated bounds, as `benchmarks/release/calibrate_error_bars.py` writes it.

A bound is level x (base + sum of weight x fact). Base and weights were fitted so that larger facts
give wider bounds; the level is the split conformal quantile of error over scale (Lei et al.,
Journal of the American Statistical Association 113, 2018) of validation cases of one kind and
contrast.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

TABLE: Final = "weights/error-bars/calibration.json"
SCHEMA: Final = "callosal/error-bars/1"


@dataclass(frozen=True)
class Scale:
    """How the error of one measure grows with the facts of a case of one kind.

    Attributes:
        base: Part that no fact explains.
        weights: Factor by fact, 0 or more.
        levels: Factor by group of contrasts; a group without enough cases is left out.
    """

    base: float
    weights: Mapping[str, float]
    levels: Mapping[str, float]

    def unit(self, values: Mapping[str, float]) -> float:
        """What the error is in proportion to, above 0, in degrees or mm."""
        return self.base + sum(weight * values[name] for name, weight in self.weights.items())


@dataclass(frozen=True)
class Calibration:
    """The bounds of cases of one kind.

    Attributes:
        ranges: Least and greatest value of each fact among the cases of the calibration.
        scales: By measure, of `MEASURES`; a measure that the kind does not take is left out.
    """

    ranges: Mapping[str, tuple[float, float]]
    scales: Mapping[str, Scale]

    def beyond(self, values: Mapping[str, float | None]) -> tuple[str, ...]:
        """Facts that are missing or lie above the range of the calibration."""
        return tuple(
            name
            for name, (_, greatest) in self.ranges.items()
            if (value := values[name]) is None or not value <= greatest
        )

    def knows(self, contrast: str) -> bool:
        """Whether there were cases enough of a group of contrasts."""
        return all(contrast in scale.levels for scale in self.scales.values())

    def bounded(self, values: Mapping[str, float | None]) -> dict[str, float]:
        """The facts that count, none below the range: nothing is surer than what was seen."""
        return {name: max(values[name] or 0.0, least) for name, (least, _) in self.ranges.items()}


@dataclass(frozen=True)
class CalibrationTable:
    """All bounds that ship.

    Attributes:
        model_sha256: Hash of the one network for whose plans they hold.
        kinds: Calibration by kind of images; kinds without enough cases are left out.
    """

    model_sha256: str
    kinds: Mapping[str, Calibration]

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "CalibrationTable":
        """The table of a JSON object."""
        return cls(
            str(entry["model"]["sha256"]),
            {kind: _calibration(part) for kind, part in entry["kinds"].items()},
        )


@cache
def shipped_table() -> CalibrationTable:
    """The table that ships."""
    text = files("callosal.models").joinpath(TABLE).read_text(encoding="utf-8")
    return CalibrationTable.of(json.loads(text))


def _calibration(part: Mapping[str, Any]) -> Calibration:
    scales = {
        name: Scale(float(one["base"]), dict(one["weights"]), dict(one["levels"]))
        for name, one in part["measures"].items()
    }
    ranges = {name: (float(low), float(high)) for name, (low, high) in part["ranges"].items()}
    return Calibration(ranges, scales)
