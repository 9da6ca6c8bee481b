"""Put an exported generator among the shipped ones, with its record and model card.

    callosal generate --model FOLDER --count 100 --output SAMPLES --unfiltered --training-data DATA
    python benchmarks/release/release_generator.py FOLDER --name generator-whole --samples SAMPLES \
        --config configs/ldm.yaml --command "callosal fit ..." --training "..."

The figures on the card are those of the samples, which have to be drawn by this very folder without
a filter.
"""

import argparse
import json
import shutil
from pathlib import Path
from statistics import mean
from string import Template
from typing import Any

from callosal.export.generator_folder import GeneratorFolder, read_generator_folder
from callosal.pipelines.console.usage import run_script

WEIGHTS = Path(__file__).resolve().parents[2] / "models" / "weights"
TEMPLATE = Path(__file__).with_name("generator_card.md.template")
LIMIT_MB = 15
AGAIN = "Each mask is then estimated again from its image, in two more runs of the network."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", required=True, help="of the form generator-...")
    parser.add_argument("--samples", type=Path, required=True)
    parser.add_argument("--config", required=True)
    parser.add_argument("--command", required=True)
    parser.add_argument("--training", required=True, help="machine, time, seed, in words")
    arguments = parser.parse_args()
    generator = read_generator_folder(arguments.folder)
    if generator.name != arguments.name:
        raise SystemExit(f"{generator.name} is its name: export it with --name {arguments.name}")
    manifest = json.loads((arguments.samples / "manifest.json").read_text(encoding="utf-8"))
    if manifest["model"]["sha256"] != generator.sha256 or manifest["checks"]["filtered"]:
        raise SystemExit("the samples are of another generator, or filtered")
    target = WEIGHTS / arguments.name
    shutil.rmtree(target, ignore_errors=True)
    for part in ("model_index.json", *generator.parts):
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(arguments.folder / part, target / part)
    megabytes = sum(path.stat().st_size for path in target.rglob("*") if path.is_file()) / 1e6
    if megabytes > LIMIT_MB:
        raise SystemExit(f"{megabytes:.1f} MB are over {LIMIT_MB}: export with --precision fp16")
    figures = figures_of(manifest)
    record = {"samples": figures, "parity": generator.parity}
    (target / "record.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (target / "MODEL_CARD.md").write_text(
        card(generator, figures, megabytes, arguments), encoding="utf-8"
    )


def figures_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """Shares and means over all samples that were tried."""
    samples = manifest["samples"]
    agreement = [s["agreement_dice"] for s in samples if s["agreement_dice"] is not None]
    measured = [s["measured"] for s in samples if s["measured"]]
    return {
        "tried": len(samples),
        "yield": manifest["counts"]["yield"],
        "one_component": mean(s["components"] == 1 for s in samples),
        "agreement_dice": mean(agreement),
        "copies": mean("copy" in s["reasons"] for s in samples),
        "copy_check": manifest["checks"]["copy"],
        "reasons": manifest["counts"]["reasons"],
        "means": {name: mean(values[name] for values in measured) for name in measured[0]},
    }


def card(
    generator: GeneratorFolder,
    figures: dict[str, Any],
    megabytes: float,
    arguments: argparse.Namespace,
) -> str:
    spec = generator.spec
    reasons = ", ".join(f"{name} {count}" for name, count in figures["reasons"].items()) or "none"
    rows = {
        "pass all checks": f"{100 * figures['yield']:.1f} %",
        "mask in one piece": f"{100 * figures['one_component']:.1f} %",
        "Dice of the mask with the segmenter's": f"{figures['agreement_dice']:.4f}",
        "copies of training slices": f"{100 * figures['copies']:.1f} %",
        "turned down": reasons,
        **{f"mean {name}": f"{value:.4g}" for name, value in figures["means"].items()},
        "ONNX and numpy against torch": f"{generator.parity['max_difference']:.1e} at most",
    }
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        name=arguments.name,
        sha256=generator.sha256,
        megabytes=f"{megabytes:.1f}",
        shape=" x ".join(map(str, spec.shape)),
        spacing=f"{spec.spacing_mm[0]:g}",
        kind=f"{spec.kind} diffusion",
        objective=spec.objective.replace("_", " "),
        sampler=generator.sampling.sampler,
        steps=generator.sampling.steps,
        again=AGAIN if generator.sampling.mask_from_image else "",
        conditions="\n".join(
            f"- `{known.name}`: {known.low:.4g} to {known.high:.4g}, mean {known.mean:.4g}"
            for known in spec.conditions
        ),
        training_data=spec.training_data.rstrip("."),
        config=arguments.config,
        command=arguments.command,
        training=arguments.training,
        tried=figures["tried"],
        figures="\n".join(
            ["| measure | value |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items())]
        ),
    )


if __name__ == "__main__":
    run_script(main)
