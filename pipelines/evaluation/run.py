"""An evaluation: every labelled slice of a split through one ONNX file, beside the floors."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from callosal.export.devices import Device
from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import resolve_model
from callosal.models.errors import InputError
from callosal.pipelines.console.stage_lines import counted, say
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.slice_bank import LabelledSlice, evenly_spread
from callosal.pipelines.evaluation.floors import constant_pose_floor, mean_mask_floor
from callosal.pipelines.evaluation.measures import CaseMeasures, measure_case
from callosal.pipelines.evaluation.network import segment_slice
from callosal.pipelines.evaluation.posed import posed
from callosal.pipelines.evaluation.summary import summarise
from callosal.pipelines.evaluation.worst import write_worst
from callosal.pipelines.geometry.slice_image import on_slice

COLUMNS = {
    "dice": ("Dice", 4),
    "hd95_mm": ("HD95 mm", 2),
    "area_bias_pct": ("area %", 1),
    "angle_error_deg": ("angle deg", 2),
    "center_error_mm": ("centre mm", 2),
}
"""Heading and digits of the measures that the table shows."""


def run_evaluation(
    data: Path,
    output: Path,
    model: str,
    split: str,
    device: Device,
    pose_seed: int | None,
    limit: int | None,
) -> int:
    """Score a model and write metrics.json, cases.csv and worst.png; see `callosal evaluate`.

    Returns:
        Exit code 0.

    Raises:
        CallosalError: The data, the model, the seed or the limit cannot be used.
    """
    if pose_seed is not None and pose_seed < 0:
        raise InputError(f"--pose-seed {pose_seed}: seeds begin at 0", code="wrong_seed")
    say(f"reading the {split} slices")
    segmenter = open_segmenter(resolve_model(model), device)
    cases = evenly_spread(list(read_split(data, split)), limit)
    if pose_seed is not None:
        cases = [posed(case, pose_seed * 100_003 + index) for index, case in enumerate(cases)]
    output.mkdir(parents=True, exist_ok=True)
    measures = _measure(segmenter, cases)
    say("reading the train slices, for the floors that need no image")
    training = list(read_split(data, "train"))
    metrics = {
        "model": {"name": segmenter.contract.name, "sha256": segmenter.sha256},
        "split": split,
        "pose_seed": pose_seed,
        "limit": limit,
        "overall": summarise(measures),
        "sites": _by_site(cases, measures),
        "floors": {
            "mean_mask": summarise(mean_mask_floor(training, cases)),
            "constant_pose": constant_pose_floor(training, cases),
        },
    }
    (output / "metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    _write_cases(output / "cases.csv", cases, measures)
    say("drawing the worst cases")
    write_worst(output / "worst.png", segmenter, cases, measures)
    Console().print(figures_table(metrics))
    print(f"written to {output}: metrics.json, cases.csv, worst.png")
    return 0


def _measure(segmenter: Segmenter, cases: Sequence[LabelledSlice]) -> list[CaseMeasures]:
    measures = []
    for case in counted(cases, "scoring slices"):
        probability, seconds = segment_slice(segmenter, case.image, case.spacing_mm)
        place = on_slice(case.image, case.spacing_mm)
        measures.append(measure_case(probability, case.mask, place, seconds))
    return measures


def _by_site(
    cases: Sequence[LabelledSlice], measures: Sequence[CaseMeasures]
) -> dict[str, dict[str, Any]]:
    sites = sorted({case.site for case in cases})
    return {
        site: summarise([m for c, m in zip(cases, measures, strict=True) if c.site == site])
        for site in sites
    }


def _write_cases(
    path: Path, cases: Sequence[LabelledSlice], measures: Sequence[CaseMeasures]
) -> None:
    rows = [
        {"name": case.name, "site": case.site, **measure.as_row()}
        for case, measure in zip(cases, measures, strict=True)
    ]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def figures_table(metrics: dict[str, Any]) -> Table:
    """Means by site and of the floors, in 80 columns; metrics.json has medians and intervals."""
    table = Table(
        title=f"{metrics['model']['name']} on {metrics['split']}: means",
        box=box.SIMPLE_HEAD,
        caption="in brackets: floors that need no image",
    )
    table.add_column("")
    for heading in ("n", *(heading for heading, _ in COLUMNS.values()), "< 0.90"):
        table.add_column(heading, justify="right")
    for name, figures in {**metrics["sites"], "all sites": metrics["overall"]}.items():
        table.add_row(name, *_row(figures))
    table.add_section()
    table.add_row("(mean mask)", *_row(metrics["floors"]["mean_mask"]))
    table.add_row("(one pose)", *_row(metrics["floors"]["constant_pose"]))
    return table


def _row(figures: dict[str, Any]) -> list[str]:
    """Count, means and misses of a row; missing values are left blank."""
    means = [
        _shown(figures[name]["mean"], digits) if name in figures else ""
        for name, (_, digits) in COLUMNS.items()
    ]
    return [str(figures.get("n", "")), *means, str(figures.get("below_0_90", ""))]


def _shown(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
