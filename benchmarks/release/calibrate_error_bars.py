"""The error bars that ship: fitted, calibrated and held against exams that nobody calibrated on.

    python benchmarks/release/calibrate_error_bars.py plan_errors.jsonl --output TABLE.json
    python benchmarks/release/calibrate_error_bars.py plan_errors.jsonl --check --plot WIDTHS.svg

The rows are those of benchmarks/accuracy/plan_errors.py. All is fitted on heads of train and val:
base and weights of a scale by quantile regression with weights of 0 or more; the level is the
quantile of error over scale, each error over a scale that was fitted without its exam. Plans of
one head are alike, so every exam counts the same, however many plans of it there are (pooled
distributions of Dunn, Wasserman and Ramdas, Journal of the American Statistical Association 118,
2023). What is printed with --output is the estimate of the coverage: each exam against scale and
level of the others. --check takes the table that ships and the heads of test.

The error of a pose against the plan of the whole head lacks what all plans of the head share: how
far the network's outline lies from that of a person. It is added by chance from ABIDE's slices of
val or test, where both are known.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy import sparse
from scipy.optimize import linprog

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.arrays import Array
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.error_bars.bounds import error_bars
from callosal.pipelines.error_bars.calibration import (
    SCHEMA,
    CalibrationTable,
    Scale,
    shipped_table,
)
from callosal.pipelines.error_bars.case_facts import (
    FACTS,
    THICK_MM,
    CaseFacts,
    Contrast,
    Kind,
    thinness_mm,
)
from callosal.pipelines.settings import Settings

COVERAGE = 0.95
FITTED = 0.9
"""Quantile of the regression: enough rows lie above it to fit its weights."""

CALIBRATION = ("train", "val")
"""Splits of the calibration: plans of the heads that a network was trained on are off by as much
as those of the heads of the validation."""

FEWEST, FEWEST_EXAMS = 19, 8
"""Fewest plans and exams of a group that gets a level."""

OUTLINES = 8
"""Outlines of ABIDE that are drawn for each pose."""

POOLS = ((Kind.VOLUME, Kind.THICK_SLICES), (Kind.LOCALIZER,), (Kind.SAGITTAL_SLICES,))
"""Kinds that share scale and level: for the first two, the slice spacing is a fact."""

USED: Mapping[str, tuple[str, ...]] = {
    "angle95_deg": ("apart_mm", "noise", "doubt", "spread_deg", "thin_mm"),
    "centre95_mm": ("apart_mm", "noise", "doubt", "spread_mm", "plane_mm", "thin_mm"),
    "plane95_deg": ("apart_mm", "noise", "doubt", "plane_deg"),
}
"""Facts that may widen each bound."""

UNUSED: Mapping[Kind, frozenset[str]] = {
    Kind.VOLUME: frozenset({"thin_mm"}),
    Kind.THICK_SLICES: frozenset({"thin_mm"}),
    Kind.LOCALIZER: frozenset({"spread_deg", "spread_mm"}),
    Kind.SAGITTAL_SLICES: frozenset({"plane_deg", "plane_mm", "spread_deg", "spread_mm"}),
}
"""Facts that do not count: a localizer may show the callosum on one slice alone, and in volumes
the angle of a thin callosum is found as well as that of any other."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One plan with its errors.

    Attributes:
        facts: What foretells them.
        errors: By measure, each drawn `OUTLINES` times; shape (OUTLINES,).
    """

    exam: str
    split: str
    facts: CaseFacts
    errors: Mapping[str, Array]
    row: Mapping[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", type=Path)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--output", type=Path, help="where the table is written")
    parser.add_argument("--check", action="store_true", help="coverage of the table that ships")
    parser.add_argument("--plot", type=Path, help="SVG file of widths, with --check")
    arguments = parser.parse_args()
    lines = arguments.rows.read_text(encoding="utf-8").splitlines()
    samples = read_samples([json.loads(line) for line in lines])
    sha256 = open_segmenter(resolve_model(arguments.model), "cpu").sha256
    if arguments.output is not None:
        table = calibrated(samples, sha256)
        arguments.output.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
        print(coverage_lines(estimated([one for one in samples if one.split in CALIBRATION])))
    if arguments.check:
        print(coverage_lines(barred(shipped_table(), samples, ("test",))))
        if arguments.plot is not None:
            draw_widths(shipped_table(), samples, arguments.plot)


def read_samples(rows: Sequence[Mapping[str, Any]]) -> list[Sample]:
    """Plans that get a bound: with a pose, and `ok` but for what sagittal slices cannot tell."""
    outlines = {
        split: np.array([signed(row) for row in rows if is_outline(row) and row["split"] == split])
        for split in ("val", "test")
    }
    rng = np.random.default_rng(0)
    return [
        sample_of(row, outlines["test" if row["split"] == "test" else "val"], rng)
        for row in rows
        if row["read_as"] != "slice" and row["errors"] is not None and is_sure(row)
    ]


def is_outline(row: Mapping[str, Any]) -> bool:
    return bool(row["read_as"] == "slice" and row["status"] == "ok")


def is_sure(row: Mapping[str, Any]) -> bool:
    return bool(row["status"] == "ok" or row["dof_estimated"] == 1)


def signed(row: Mapping[str, Any]) -> list[float]:
    """Angle and the centre's shift anterior, superior and to the right."""
    return [row["errors"]["angle_deg"], *row["errors"]["center_mm"]]


def sample_of(row: Mapping[str, Any], outlines: Array, rng: np.random.Generator) -> Sample:
    drawn = outlines[rng.integers(len(outlines), size=OUTLINES)] + signed(row)
    errors = {
        "angle95_deg": np.abs(drawn[:, 0]),
        "centre95_mm": np.linalg.norm(drawn[:, 1:], axis=1),
    }
    if row["dof_estimated"] == 3:
        errors["plane95_deg"] = np.full(OUTLINES, row["errors"]["plane_deg"])
    return Sample(row["exam"], row["split"], facts_of(row), errors, row)


def facts_of(row: Mapping[str, Any]) -> CaseFacts:
    stated = row["uncertainty"]
    apart_mm = max(row["spacing_mm"])
    values = {
        "apart_mm": apart_mm,
        "noise": row["picture_noise"],
        "doubt": 1 - row["confidence"],
        "plane_deg": stated["plane_deg"],
        "plane_mm": stated["plane_mm"],
        "spread_deg": stated["angle_deg"],
        "spread_mm": stated["center_mm"],
        "thin_mm": thinness_mm(row["mask"]["area_mm2"], row["mask"]["length_mm"]),
    }
    if row["read_as"] == "localizer":
        kind = Kind.LOCALIZER
    elif row["dof_estimated"] == 1:
        kind = Kind.SAGITTAL_SLICES
    else:
        kind = Kind.THICK_SLICES if apart_mm >= THICK_MM else Kind.VOLUME
    # Without a header, as of NIfTI: the picture alone says the group.
    contrast = Contrast.of(None, row["is_bright"], row["mask"]["contrast"])
    return CaseFacts(kind, contrast, values)


def calibrated(samples: Sequence[Sample], model_sha256: str) -> dict[str, Any]:
    """The table as JSON."""
    kinds: dict[str, Any] = {}
    for pool in POOLS:
        own = pooled(samples, pool)
        if is_enough(own):
            kinds |= dict.fromkeys((kind.value for kind in pool), calibrated_kind(own))
    return {
        "schema": SCHEMA,
        "coverage": COVERAGE,
        "date": datetime.now(UTC).date().isoformat(),
        "command": "python benchmarks/release/calibrate_error_bars.py plan_errors.jsonl",
        "source": "plans of the heads that benchmarks/accuracy/plan_errors.py calls train and "
        "val, at simulated poses, and outlines of the validation sites of ABIDE",
        "split": "train and val",
        "model": {"name": DEFAULT, "sha256": model_sha256},
        "kinds": kinds,
    }


def pooled(samples: Iterable[Sample], pool: Sequence[Kind]) -> list[Sample]:
    """Those of the calibration that share a scale: callosa that hardly stand out get no bar."""
    return [
        one
        for one in samples
        if one.facts.kind in pool
        and one.split in CALIBRATION
        and one.facts.contrast is not Contrast.OTHER
    ]


def is_enough(samples: Sequence[Sample]) -> bool:
    return len(samples) >= FEWEST and len({one.exam for one in samples}) >= FEWEST_EXAMS


def calibrated_kind(samples: Sequence[Sample]) -> dict[str, Any]:
    """Ranges, counts and scales of a kind, or of kinds that share them."""
    measures = {name: calibrated_measure(name, samples) for name in sorted(samples[0].errors)}
    used = {name for one in measures.values() for name in one["weights"]}
    values = {name: [known(one.facts)[name] for one in samples] for name in FACTS if name in used}
    return {
        "counts": {
            **{group: sum(one.facts.contrast is group for one in samples) for group in Contrast},
            "exams": len({one.exam for one in samples}),
        },
        "ranges": {name: [round(float(f(found)), 4) for f in (np.min, np.max)]
                   for name, found in values.items()},
        "measures": measures,
    }  # fmt: skip


def calibrated_measure(name: str, samples: Sequence[Sample]) -> dict[str, Any]:
    """Scale of all plans and level of each group."""
    scale = fitted(name, used_facts(name, samples), samples)
    scores = scored(name, samples, without_each(name, samples))
    return {
        "base": round(scale.base, 5),
        "weights": {fact: round(weight, 5) for fact, weight in scale.weights.items()},
        "levels": {group: round(level, 4) for group, level in levels(scores).items()},
    }


def used_facts(name: str, samples: Sequence[Sample]) -> tuple[str, ...]:
    unused = UNUSED[samples[0].facts.kind]
    return tuple(fact for fact in USED[name] if fact not in unused)


def without_each(name: str, samples: Sequence[Sample]) -> dict[str, Scale]:
    """By exam, the scale of all other exams."""
    used = used_facts(name, samples)
    return {
        exam: fitted(name, used, [one for one in samples if one.exam != exam])
        for exam in sorted({one.exam for one in samples})
    }


@dataclass(frozen=True, eq=False)
class Score:
    """Errors of a plan over the scale that was fitted without its exam, shape (OUTLINES,)."""

    exam: str
    group: Contrast
    ratios: Array


def scored(name: str, samples: Sequence[Sample], scales: Mapping[str, Scale]) -> list[Score]:
    return [
        Score(one.exam, one.facts.contrast,
              one.errors[name] / scales[one.exam].unit(known(one.facts)))
        for one in samples
    ]  # fmt: skip


Barred = tuple[Sample, Mapping[str, float | None]]
"""A plan with its bars."""


def estimated(samples: Sequence[Sample]) -> list[Barred]:
    """Each plan of the calibration with bars of scale and level of the other exams."""
    bars: dict[int, dict[str, float | None]] = {id(one): {} for one in samples}
    for pool in POOLS:
        own = pooled(samples, pool)
        for name in own[0].errors if is_enough(own) else ():
            scales = without_each(name, own)
            scores = scored(name, own, scales)
            for exam, scale in scales.items():
                level = levels([one for one in scores if one.exam != exam])
                for one in own:
                    if one.exam == exam and one.facts.contrast in level:
                        width = level[one.facts.contrast] * scale.unit(known(one.facts))
                        bars[id(one)][name] = width
    return [(one, bars[id(one)]) for one in samples]


def known(facts: CaseFacts) -> dict[str, float]:
    return {name: value for name, value in facts.values.items() if value is not None}


def fitted(name: str, used: Sequence[str], samples: Sequence[Sample]) -> Scale:
    """Base and weights, 0 or more, of the regression of a quantile of the error."""
    facts = np.array([[1.0, *(one.facts.values[fact] or 0.0 for fact in used)] for one in samples])
    errors = np.array([one.errors[name] for one in samples])
    rows = np.repeat(facts, OUTLINES, axis=0)
    size = np.maximum(np.abs(facts).mean(axis=0), 1e-9)
    share = np.repeat(exam_weights([one.exam for one in samples]), OUTLINES) * len(samples)
    eye = sparse.eye_array(len(rows))
    cost = np.r_[np.zeros(rows.shape[1]), share * FITTED, share * (1 - FITTED)]
    solved = linprog(cost, A_eq=sparse.hstack([rows / size, eye, -eye]), b_eq=errors.ravel())
    base, *weights = np.asarray(solved.x)[: rows.shape[1]] / size
    return Scale(float(base), dict(zip(used, map(float, weights), strict=True)), {})


def exam_weights(exams: Sequence[str]) -> Array:
    """Weights of plans, 1 in all, so that every exam counts the same."""
    counts = Counter(exams)
    return np.array([1 / counts[exam] / len(counts) for exam in exams])


def levels(scores: Sequence[Score]) -> dict[str, float]:
    """Quantile of the scores of each group that has plans and exams enough."""
    found = {}
    for group in Contrast:
        own = [one for one in scores if one.group is group]
        if len(own) >= FEWEST and len({one.exam for one in own}) >= FEWEST_EXAMS:
            found[str(group)] = conformal([one.ratios for one in own], [one.exam for one in own])
    return found


def conformal(scores: Sequence[Array], exams: Sequence[str]) -> float:
    """The quantile of the scores, all exams alike, that covers the next with `COVERAGE`."""
    share = min(1.0, COVERAGE * (len(scores) + 1) / len(scores))
    values = np.concatenate(scores)
    weights = np.repeat(exam_weights(exams), [len(one) for one in scores])
    weights /= np.repeat([len(one) for one in scores], [len(one) for one in scores])
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    index = min(int(np.searchsorted(reached, share - 1e-9)), len(order) - 1)
    return float(values[order[index]])


def barred(
    table: CalibrationTable, samples: Iterable[Sample], splits: Sequence[str]
) -> list[Barred]:
    """Plans of some splits with the bars of a table."""
    return [
        (one, error_bars(one.facts, table.model_sha256, Settings(), table).values)
        for one in samples
        if one.split in splits
    ]


def coverage_lines(found: Sequence[Barred]) -> str:
    """Coverage and widths by kind and contrast of the images."""
    lines = [
        "| images | contrast | plans | bars | angle inside | median, 90 % | centre inside "
        "| median, 90 % | plane inside | median, 90 % |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    contrasts = sorted({one.row["contrast"] for one, _ in found})
    for kind in Kind:
        of_kind = [(one, bars) for one, bars in found if one.facts.kind is kind]
        groups = {
            **{name: [pair for pair in of_kind if pair[0].row["contrast"] == name]
               for name in contrasts},
            **{f"taken for {group}": [pair for pair in of_kind if pair[0].facts.contrast is group]
               for group in Contrast},
            "all": of_kind,
        }  # fmt: skip
        lines += [_line(kind, name, own) for name, own in groups.items() if own]
    lines.append(_line("all", "all", found))
    return "\n".join(lines)


def _line(kind: str, contrast: str, own: Sequence[Barred]) -> str:
    count = sum(bars.get("angle95_deg") is not None for _, bars in own)
    cells = [str(kind), contrast, str(len(own)), str(count)]
    for name, unit in (("angle95_deg", "°"), ("centre95_mm", " mm"), ("plane95_deg", "°")):
        pairs = [(one.errors[name], width) for one, bars in own
                 if (width := bars.get(name)) is not None]  # fmt: skip
        if not pairs:
            cells += ["-", "-"]
            continue
        inside = np.mean([errors <= width for errors, width in pairs])
        middle, wide = np.percentile([width for _, width in pairs], [50, 90])
        cells += [f"{100 * inside:.1f} %", f"{middle:.1f}{unit}, {wide:.1f}{unit}"]
    return f"| {' | '.join(cells)} |"


def draw_widths(table: CalibrationTable, samples: Iterable[Sample], path: Path) -> None:
    """Widths of the bars of test plans against the slice spacing and the noise."""
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    panels = figure.subplots(2, 2, sharey="row", squeeze=False)
    listed = [one for one in samples if one.split == "test"]
    for row, (measure, label) in enumerate(
        (("angle95_deg", "bar of the angle, degrees"), ("centre95_mm", "bar of the centre, mm"))
    ):
        for column, (name, words) in enumerate(
            (("apart_mm", "slice spacing, mm"), ("noise", "noise, share of tissue"))
        ):
            axes = panels[row, column]
            for kind in Kind:
                own = [one for one in listed if one.facts.kind is kind]
                bars = [error_bars(one.facts, table.model_sha256, Settings(), table).values[measure]
                        for one in own]  # fmt: skip
                found = [(one.facts.values[name], bar) for one, bar
                         in zip(own, bars, strict=True) if bar is not None]  # fmt: skip
                if found:
                    axes.scatter(*zip(*found, strict=True), s=9, label=kind.replace("_", " "))
            axes.set(xlabel=words, ylabel=label if column == 0 else "", ylim=(0, None))
            axes.grid(alpha=0.3)
    panels[0, 0].legend(fontsize=8)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    run_script(main)
