"""An evaluation of a folder of generated pairs: figures, one row a sample, pictures."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from callosal.export.devices import Device
from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import resolve_model
from callosal.models.errors import DataError
from callosal.pipelines.datasets.nifti_pairs import read_pair, read_split
from callosal.pipelines.datasets.participants import read_participants
from callosal.pipelines.datasets.slice_bank import LabelledSlice, evenly_spread
from callosal.pipelines.synthesis.grid_picture import gray, write_grid
from callosal.pipelines.synthesis.quality.figures import (
    write_distances,
    write_nearest,
    write_shapes,
)
from callosal.pipelines.synthesis.quality.memorisation import Neighbours
from callosal.pipelines.synthesis.quality.report import (
    Sets,
    all_shapes,
    copies,
    likeness,
    mask_figures,
    shape_figures,
    variety,
)
from callosal.pipelines.synthesis.quality.shape import SHAPES, in_one_piece
from callosal.pipelines.synthesis.quality.window import Field, cut, cut_posed, field_of

FEWEST_GENERATED, FEWEST_REAL = 50, 30
SHOWN = 50

Values = NDArray[np.float64]


def run_generator_evaluation(
    generated: Path,
    training: Path,
    output: Path,
    split: str,
    held_out: str,
    model: str,
    device: Device,
    limit: int | None,
    spacing_mm: float | None,
) -> int:
    """Compare generated pairs with real ones; see `callosal evaluate-generator`.

    Returns:
        Exit code 0.

    Raises:
        CallosalError: The folders or the model cannot be used, or there are too few slices.
    """
    if spacing_mm is not None and not 0.25 <= spacing_mm <= 4:
        raise DataError(f"spacing_mm {spacing_mm} must lie in 0.25 to 4", code="wrong_usage")
    segmenter = open_segmenter(resolve_model(model), device)
    samples = evenly_spread(read_all(generated), limit)
    known, unseen = list(read_split(training, split)), list(read_split(training, held_out))
    _require(samples, f"generated pairs in {generated.name}", FEWEST_GENERATED)
    _require(known, f"training slices (split {split})", FEWEST_REAL)
    _require(unseen, f"held-out slices (split {held_out})", FEWEST_REAL)
    output.mkdir(parents=True, exist_ok=True)
    field = field_of(samples, spacing_mm)
    metrics = _evaluate(segmenter, field, samples, known, unseen, output)
    metrics = {
        "generated": len(samples),
        "training": {"split": split, "n": len(known)},
        "held_out": {"split": held_out, "n": len(unseen)},
        "segmenter": {"name": segmenter.contract.name, "sha256": segmenter.sha256},
        **metrics,
    }
    text = json.dumps(metrics, indent=1, allow_nan=False)
    (output / "metrics.json").write_text(text, encoding="utf-8")
    _print(metrics)
    return 0


def read_all(root: Path) -> list[LabelledSlice]:
    """Every pair of a folder, whatever its split.

    Raises:
        DataError: participants.tsv or a pair cannot be used.
    """
    return [read_pair(root / person.name, person) for person in read_participants(root)]


def _evaluate(
    segmenter: Segmenter,
    field: Field,
    samples: Sequence[LabelledSlice],
    known: Sequence[LabelledSlice],
    unseen: Sequence[LabelledSlice],
    output: Path,
) -> dict[str, Any]:
    plain = Sets(*(cut(one, field) for one in (samples, known, unseen)))
    posed = Sets(*(cut_posed(one, field) for one in (samples, known, unseen)))
    shapes = all_shapes(samples, known, unseen)
    masks, scores = mask_figures(segmenter, samples, known, plain.held_out)
    copying, neighbours = copies(posed)
    write_shapes(output / "shapes.png", shapes)
    write_distances(output / "distances.png", neighbours)
    for space, found in neighbours.items():
        write_nearest(output / f"nearest_{space}.png", posed.generated, posed.training, found)
    shown = evenly_spread(samples, SHOWN)
    write_grid(output / "grid.png", [(one.name, gray(one.image), one.mask) for one in shown])
    _write_samples(output / "samples.csv", samples, shapes["generated"], scores, neighbours)
    return {
        "field": {
            "spacing_mm": field.spacing_mm,
            "shape": list(field.shape),
            "about_callosum": field.about_callosum,
        },
        "likeness": likeness(plain),
        "variety": variety(plain),
        "shape": shape_figures(shapes),
        "masks": masks,
        "copies": copying,
    }


def _require(slices: Sequence[LabelledSlice], what: str, fewest: int) -> None:
    if len(slices) < fewest:
        raise DataError(
            f"{len(slices)} {what}: distributions of fewer than {fewest} say nothing; take more",
            code="too_few",
        )


def _write_samples(
    path: Path,
    samples: Sequence[LabelledSlice],
    shapes: dict[str, Values],
    scores: Values,
    neighbours: dict[str, Neighbours],
) -> None:
    """One row a sample; a measure that could not be taken is empty."""
    rows = []
    for index, sample in enumerate(samples):
        measures = {name: float(shapes[name][index]) for name in SHAPES}
        row: dict[str, Any] = {
            "name": sample.name,
            "one_component": in_one_piece(sample.mask),
            "faithfulness": round(float(scores[index]), 4),
            **{name: round(v, 4) if np.isfinite(v) else "" for name, v in measures.items()},
        }
        for space, found in neighbours.items():
            row[f"distance_{space}"] = round(float(found.generated[index]), 4)
            row[f"copy_{space}"] = bool(found.copied[index])
        rows.append(row)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _print(metrics: dict[str, Any]) -> None:
    table = Table(title=f"{metrics['generated']} generated pairs")
    for heading in ("", "generated", "floor: held-out real"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, figures in metrics["likeness"].items():
        own, floor = figures["generated_to_held_out"], figures["floor_training_to_held_out"]
        table.add_row(f"KID, {name}", f"{own['kid']:.4f}", f"{floor['kid']:.4f}")
        pairs = zip(figures["density_coverage"], figures["floor_density_coverage"], strict=True)
        for label, (value, real) in zip(("density", "coverage"), pairs, strict=True):
            table.add_row(f"{label}, {name}", f"{value:.3f}", f"{real:.3f}")
    variety_of = metrics["variety"]
    table.add_row(
        "MS-SSIM of pairs",
        f"{variety_of['ms_ssim_generated']:.3f}",
        f"{variety_of['ms_ssim_held_out']:.3f}",
    )
    for name, figures in metrics["shape"].items():
        own, floor = figures["generated"]["ks"], figures["floor_held_out"]["ks"]
        table.add_row(f"KS, {name}", _shown(own), _shown(floor))
    masks = metrics["masks"]
    table.add_row(
        "one component", f"{masks['one_component']:.3f}", f"{masks['floor_one_component']:.3f}"
    )
    means = [masks[key]["mean"] for key in ("faithfulness", "floor_faithfulness")]
    table.add_row("faithfulness, Dice", *(f"{value:.4f}" for value in means))
    for space, figures in metrics["copies"].items():
        table.add_row(f"copies, {space}", f"{figures['copy_rate']:.3f}", "0.010")
        table.add_row(f"distance ratio, {space}", f"{figures['distance_ratio']:.3f}", "1.000")
        table.add_row(f"C_T, {space}", f"{figures['c_t']:.2f}", "0.00")
    Console(width=100).print(table)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
