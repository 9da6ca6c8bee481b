"""Put an exported segmenter among the shipped ones, with its record and model card.

    python benchmarks/release_model.py MODEL.onnx --metrics test=DIR posed=DIR \
        --config configs/attention_unet.yaml --command "callosal fit ..." --training "..."

The directories are those that `callosal evaluate` wrote. The record (.json) and the card (.md)
are written beside the copy in models/weights/.
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from string import Template
from typing import Any

WEIGHTS = Path(__file__).resolve().parents[1] / "models" / "weights"
TEMPLATE = Path(__file__).with_name("model_card.md.template")
SHOWN = ("dice", "hd95_mm", "assd_mm", "area_bias_pct", "angle_error_deg", "center_error_mm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--metrics", nargs="+", required=True, help="NAME=DIR of an evaluation")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--command", required=True)
    parser.add_argument("--training", required=True, help="machine, time, seed, in words")
    arguments = parser.parse_args()
    pairs = dict(word.split("=", 1) for word in arguments.metrics)
    metrics = {
        name: json.loads((Path(folder) / "metrics.json").read_text(encoding="utf-8"))
        for name, folder in pairs.items()
    }
    target = WEIGHTS / arguments.model.name
    if arguments.model.resolve() != target.resolve():
        shutil.copyfile(arguments.model, target)
    sha256 = hashlib.sha256(target.read_bytes()).hexdigest()
    for name, figures in metrics.items():
        if figures["model"]["sha256"] != sha256:
            raise SystemExit(f"{name}: these figures are of another file")
    record = {"kind": "segmenter", "sha256": sha256, "metrics": metrics}
    target.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    card = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        name=target.stem,
        sha256=sha256,
        megabytes=f"{target.stat().st_size / 1e6:.1f}",
        config=arguments.config,
        command=arguments.command,
        training=arguments.training,
        tables="\n\n".join(_table(name, figures) for name, figures in metrics.items()),
    )
    target.with_suffix(".md").write_text(card, encoding="utf-8")


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
    main()
