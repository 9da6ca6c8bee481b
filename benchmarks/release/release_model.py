"""Put an exported segmenter among the shipped ones, and its eight-bit version where that is faster.

    python benchmarks/release/release_model.py MODEL.onnx --data DIR \
        --config configs/attention_unet.yaml --command "callosal fit ..." --training "..."

MODEL.onnx is a float file of `callosal export`, named as it is to ship. It is scored on the test
sites as they are and in random poses (or --metrics test=DIR posed=DIR name what `callosal
evaluate` wrote), copied to models/weights/ with its record (.json) and card (.md), and its card is
listed in docs/reference/models.md. Then the eight-bit file NAME-int8 is made of it, calibrated on
training slices and measured on validation slices, and scored and listed in the same way. If it is
no faster on this machine, or costs over half a point of Dice on the test sites, it does not ship,
and an earlier one is removed.
"""

import argparse
import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from callosal.export.accuracy import MAX_DICE_DROP, Reduction
from callosal.export.contract import UNTOLD
from callosal.export.eight_bit import make_int8
from callosal.export.runtime import open_segmenter
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.evaluation.export_slices import CALIBRATION_COUNT, export_slices
from callosal.pipelines.evaluation.run import run_evaluation

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = Path(__file__).with_name("model_card.md.template")
SHOWN = ("dice", "hd95_mm", "assd_mm", "area_bias_pct", "angle_error_deg", "center_error_mm")
EVALUATIONS: dict[str, int | None] = {"test": None, "posed": 7}
"""Name of each evaluation to the seed of its random poses."""

Metrics = dict[str, Any]


@dataclass(frozen=True)
class Shelf:
    """Where shipped models lie.

    Attributes:
        weights: Folder of the files, records and cards.
        page: Page that lists the cards.
    """

    weights: Path
    page: Path


@dataclass(frozen=True)
class Origin:
    """What a card says of a training.

    Attributes:
        config: YAML of the run.
        command: How it was started.
        training: Machine, time and seed, in words.
    """

    config: Path
    command: str
    training: str


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder of NIfTI pairs")
    parser.add_argument("--metrics", nargs="+", default=[], help="NAME=DIR of an evaluation")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--command", required=True)
    parser.add_argument("--training", required=True, help="machine, time, seed, in words")
    arguments = parser.parse_args()
    origin = Origin(arguments.config, arguments.command, arguments.training)
    shelf = Shelf(ROOT / "models" / "weights", ROOT / "docs" / "reference" / "models.md")
    given = {name: Path(folder) for name, folder in (w.split("=", 1) for w in arguments.metrics)}
    metrics = _read_metrics(given) if given else evaluate(arguments.model, arguments.data)
    release(arguments.model, metrics, origin, shelf)
    release_int8(arguments.model, metrics, arguments.data, origin, shelf)


def evaluate(model: Path, data: Path) -> Metrics:
    """Figures of a file on the test sites, as they are and posed."""
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        folders = {name: Path(folder) / name for name in EVALUATIONS}
        for name, pose_seed in EVALUATIONS.items():
            run_evaluation(data, folders[name], str(model), "test", "cpu", pose_seed, None)
        return _read_metrics(folders)


def release(
    model: Path, metrics: Metrics, origin: Origin, shelf: Shelf, reduction: Reduction | None = None
) -> None:
    """Copy a file to the shelf, with its record and its card.

    Args:
        model: The ONNX file; its name is the one it ships under.
        metrics: Its evaluations by name.
        origin: What its card says of the training.
        shelf: Where to.
        reduction: What eight bits cost, of a file `NAME-int8`.
    """
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    for name, figures in metrics.items():
        if figures["model"]["sha256"] != sha256:
            raise SystemExit(f"{name}: these figures are of another file")
    contract = open_segmenter(model, "cpu").contract
    if contract.name != model.stem:
        told = f"{model.name}: calls itself {contract.name}"
        raise SystemExit(f"{told}; export it with --name {model.stem}")
    if contract.training_data == UNTOLD:
        raise SystemExit(f"{model.name}: tells no terms; export it with --training-data")
    target = shelf.weights / model.name
    if model.resolve() != target.resolve():
        shutil.copyfile(model, target)
    record: dict[str, Any] = {"kind": "segmenter", "sha256": sha256, "metrics": metrics}
    if reduction is not None:
        float_name = model.stem.removesuffix("-int8")
        record |= {"reduced_from": float_name, "reduction": reduction.figures()}
    target.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    card = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        name=target.stem,
        sha256=sha256,
        training_data=contract.training_data,
        megabytes=f"{target.stat().st_size / 1e6:.1f}",
        config=origin.config,
        command=origin.command,
        training=origin.training,
        precision="" if reduction is None else _told(model.stem, reduction),
        tables="\n\n".join(_table(name, figures) for name, figures in metrics.items()),
    )
    target.with_suffix(".md").write_text(card, encoding="utf-8")
    _list_card(shelf.page, target.stem)


def release_int8(model: Path, metrics: Metrics, data: Path, origin: Origin, shelf: Shelf) -> None:
    """Release the eight-bit version of a float file where it is worth it, else remove it.

    Args:
        model: The float file.
        metrics: Its evaluations by name.
        data: Folder of NIfTI pairs.
        origin: What the card says of the training.
        shelf: Where to.
    """
    name = f"{model.stem}-int8"
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        path = Path(folder) / f"{name}.onnx"
        reduction = make_int8(model, path, name=name, slices=export_slices(data, "int8"))
        if reduction.time_ratio >= 1:
            withdraw(name, shelf)
            print(f"{name}: takes {reduction.time_ratio:.2f} of the float file's time: none ships")
            return
        reduced = evaluate(path, data)
        lost = max(_dice(metrics[each]) - _dice(reduced[each]) for each in EVALUATIONS)
        if lost > MAX_DICE_DROP:
            withdraw(name, shelf)
            print(f"{name}: costs {lost:.4f} of Dice on the test sites: none ships")
            return
        release(path, reduced, origin, shelf, reduction)


def _dice(figures: Metrics) -> float:
    return float(figures["overall"]["dice"]["mean"])


def withdraw(name: str, shelf: Shelf) -> None:
    """Take a model off the shelf, if it is there."""
    for suffix in (".onnx", ".json", ".md"):
        (shelf.weights / f"{name}{suffix}").unlink(missing_ok=True)
    page = shelf.page.read_text(encoding="utf-8")
    shelf.page.write_text(page.replace(_marker(name), ""), encoding="utf-8")


def _list_card(page: Path, name: str) -> None:
    """Include a card in the page of models, if it is not there yet."""
    text = page.read_text(encoding="utf-8")
    if _marker(name) not in text:
        page.write_text(text + _marker(name), encoding="utf-8")


def _marker(name: str) -> str:
    return f'\n--8<-- "models/weights/{name}.md:1:200"\n'


def _read_metrics(folders: dict[str, Path]) -> Metrics:
    return {
        name: json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        for name, folder in folders.items()
    }


def _told(name: str, reduction: Reduction) -> str:
    """The paragraph of a card on eight bits."""
    angle = reduction.angle_deg
    moved = "" if angle is None else f", the final angle moves by {angle:.3f} degrees on average"
    return f"""
## Eight bits

Made of `{name.removesuffix("-int8")}` by static quantisation, calibrated on {CALIBRATION_COUNT}
training slices: activations in eight bits, weights in seven per channel, normalisation, last layer
and probability in float. Against that file, on {reduction.slices} validation slices: Dice
{reduction.dice:.4f}, in float {reduction.dice_float:.4f}{moved};
{reduction.size_ratio:.2f} of its size
and {reduction.time_ratio:.2f} of its time (onnxruntime, one thread of a CPU with VNNI; other CPUs
gain less, GPUs nothing).
"""


def _table(name: str, figures: dict[str, Any]) -> str:
    """One evaluation as a Markdown table: sites, all, floors."""
    pose = "" if figures["pose_seed"] is None else f", random poses (seed {figures['pose_seed']})"
    floors = figures["floors"]
    rows = {**figures["sites"], "**all sites**": figures["overall"],
            "floor: mean training mask": floors["mean_mask"]}  # fmt: skip
    lines = [
        f"### {name}: split `{figures['split']}`{pose}",
        "",
        "| site | n | " + " | ".join(SHOWN) + " | Dice < 0.90 |",
        "|---" * (len(SHOWN) + 3) + "|",
    ]
    for label, row in rows.items():
        means = " | ".join(_mean(row[measure]) for measure in SHOWN)
        lines.append(f"| {label} | {row['n']} | {means} | {row['below_0_90']} |")
    constant = floors["constant_pose"]
    angle, center = _mean(constant["angle_error_deg"]), _mean(constant["center_error_mm"])
    lines.append(f"| floor: one pose for all | | | | | | {angle} | {center} | |")
    overall = figures["overall"]
    low, high = overall["dice"]["ci95"]
    lines += [
        "",
        f"Dice: 95 % interval of the mean {low:.4f} to {high:.4f}, median "
        f"{overall['dice']['median']:.4f}, minimum {overall['dice']['min']:.4f}. Final angle: 95th "
        f"percentile {overall['angle_error_deg']['p95']:.2f} degrees. Area: ICC "
        f"{overall['area_icc']:.3f}.",
    ]
    return "\n".join(lines)


def _mean(figures: dict[str, Any]) -> str:
    return "-" if figures["mean"] is None else f"{figures['mean']:.4g}"


if __name__ == "__main__":
    run_script(main)
