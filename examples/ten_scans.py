"""Train on a few scans of your own with the help of synthetic ones.

    python examples/ten_scans.py MY_DATA --output OUT --count 200
    python examples/ten_scans.py MY_DATA --output OUT --fit --trainer.max_steps 1000

`MY_DATA` is a folder as `callosal fit` takes it: pairs and participants.tsv with `split`. Synthetic
pairs are drawn with the shipped generator and join your training slices; validation and test stay
yours alone, so that the figures are those of real scans. What follows `--fit` goes to
`callosal fit`. At the end stand `OUT/model.onnx` and its figures in `OUT/figures`.

Whether it helps is to be measured, not believed: run it once more with `--count 0`.
"""

import argparse
import csv
import shutil
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from callosal.pipelines.commands.evaluate import evaluate
from callosal.pipelines.commands.export import export
from callosal.pipelines.commands.generate import generate
from callosal.pipelines.training.cli import run_training

COLUMNS = ("participant_id", "site", "split")


def main() -> int:
    """Generate, mix, train, export and measure."""
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
    folders = [arguments.data, *([synthetic] if arguments.count else [])]
    mixed = mix(folders, arguments.output / "mixed")
    checkpoint = train(arguments.config, mixed, arguments.output / "run", arguments.fit)
    model = arguments.output / "model.onnx"
    told = f"{arguments.data.name} and {arguments.count} synthetic pairs"
    export(checkpoint, model, training_data=told, data=mixed)
    return evaluate(arguments.data, arguments.output / "figures", model=str(model), split="val")


def mix(folders: Sequence[Path], mixed: Path) -> Path:
    """Put pairs into one folder; of all but the first folder everything is for training.

    Raises:
        SystemExit: Two folders hold a participant of the same name.
    """
    mixed.mkdir(parents=True, exist_ok=True)
    rows: dict[str, dict[str, str]] = {}
    for number, folder in enumerate(folders):
        with (folder / "participants.tsv").open(encoding="utf-8") as stream:
            for row in csv.DictReader(stream, delimiter="\t"):
                name = row["participant_id"]
                if name in rows:
                    raise SystemExit(f"{name}: is in {folder} and before; rename it")
                rows[name] = row if number == 0 else row | {"split": "train"}
                shutil.copytree(folder / name, mixed / name, dirs_exist_ok=True)
    with (mixed / "participants.tsv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, delimiter="\t", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows.values())
    return mixed


def train(config: str, data: Path, run: Path, options: Sequence[str]) -> Path:
    """Train and return the newest checkpoint."""
    loggers = f"[{{class_path: CSVLogger, init_args: {{save_dir: {run}, name: ''}}}}]"
    words = ["fit", "--config", config, "--data.root", str(data)]
    words += ["--trainer.default_root_dir", str(run), "--trainer.logger", loggers]
    run_training([*words, *options])
    return max(run.rglob("*.ckpt"), key=lambda path: path.stat().st_mtime)


if __name__ == "__main__":
    raise SystemExit(main())
