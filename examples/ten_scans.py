"""Train on a few scans of your own with the help of synthetic ones.

    python examples/ten_scans.py MY_DATA --output OUT --count 200
    python examples/ten_scans.py MY_DATA --output OUT --fit --trainer.max_steps 1000

`MY_DATA` is a folder as `callosal fit` takes it: pairs and participants.tsv with `split`. Synthetic
pairs are drawn with the shipped generator and are half of what the network sees; validation and
test stay yours alone, so that the figures are those of real scans. What follows `--fit` goes to
`callosal fit`. At the end stand `OUT/model.onnx` and its figures in `OUT/figures`.

Whether it helps is to be measured, not believed: run it once more with `--count 0`.
"""

import argparse
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from callosal.pipelines.commands.evaluate import evaluate
from callosal.pipelines.commands.export import export
from callosal.pipelines.commands.generate import generate
from callosal.pipelines.training.cli import run_training


def main() -> int:
    """Generate, train, export and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("data", type=Path, help="your pairs, with participants.tsv")
    parser.add_argument("--output", type=Path, required=True, help="folder to write into")
    parser.add_argument("--count", type=int, default=200, help="synthetic pairs; 0 for none")
    parser.add_argument("--config", default=str(files("callosal.configs") / "attention_unet.yaml"))
    parser.add_argument("--fit", nargs=argparse.REMAINDER, default=[], help="options of fit")
    arguments = parser.parse_args()
    synthetic = arguments.output / "synthetic"
    if arguments.count and generate(synthetic, count=arguments.count) == 1:
        raise SystemExit(f"no synthetic pair was good enough; see {synthetic / 'manifest.json'}")
    also = ["--data.also", json.dumps([str(synthetic)])] if arguments.count else []
    run = arguments.output / "run"
    checkpoint = train(arguments.config, arguments.data, run, [*also, *arguments.fit])
    model = arguments.output / "model.onnx"
    told = f"{arguments.data.name} and {arguments.count} synthetic pairs"
    export(checkpoint, model, training_data=told, data=arguments.data)
    return evaluate(arguments.data, arguments.output / "figures", model=str(model), split="val")


def train(config: str, data: Path, run: Path, options: Sequence[str]) -> Path:
    """Train and return the newest checkpoint."""
    loggers = f"[{{class_path: CSVLogger, init_args: {{save_dir: {run}, name: ''}}}}]"
    words = ["fit", "--config", config, "--data.root", str(data)]
    words += ["--trainer.default_root_dir", str(run), "--trainer.logger", loggers]
    run_training([*words, *options])
    return max(run.rglob("*.ckpt"), key=lambda path: path.stat().st_mtime)


if __name__ == "__main__":
    raise SystemExit(main())
