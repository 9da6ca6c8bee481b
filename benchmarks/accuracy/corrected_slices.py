"""Does correcting the worst slices and fine-tuning on them help with the other bad ones?

    python benchmarks/accuracy/corrected_slices.py DATA --output FOLDER [--steps 300]

Takes the 30 validation slices of DATA (NIfTI pairs) on which the shipped model does worst,
corrects every third of them, and fine-tunes on the training slices and the ten corrected ones, half
and half. The way is that of a user: `infer`, the review that the page would save (the reference
masks stand in for the hand), `collect`, `fit`, `export`, `evaluate`. Printed is the Dice before and
after: of the 20 that were not corrected, by site, and of all other validation slices.

The 30 are taken out of validation for the training, and no number of steps is chosen by the 20.
"""

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.pipelines.cli import main as callosal
from callosal.pipelines.datasets.participants import read_participants
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outputs.mapping_file import read_mapping
from callosal.pipelines.reading.nifti import read_nifti
from callosal.pipelines.review.review_document import Decision, Judgement
from callosal.pipelines.review.review_session import ReviewSession

MODEL = "attention_unet"
CONFIG = Path(__file__).resolve().parents[2] / "configs" / f"{MODEL}.yaml"

Scores = Mapping[str, tuple[str, float]]
"""Site and Dice by subject."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--worst", type=int, default=30)
    parser.add_argument("--every", type=int, default=3, help="of the worst, which are corrected")
    arguments = parser.parse_args()
    data, output = arguments.data.resolve(), arguments.output.resolve()
    before = scores(data, output / "before", MODEL)
    worst = sorted(before, key=lambda name: before[name][1])[: arguments.worst]
    corrected = worst[:: arguments.every]
    print(f"corrected: {', '.join(corrected)}", flush=True)
    correct(data, corrected, output)
    run("collect", output / "run", "--output", output / "collected", "--one-case-each",
        "--val-share", 0.1)  # fmt: skip
    model = tuned(data, worst, output, arguments.steps, arguments.lr)
    after = scores(data, output / "after", str(model))
    held_out = [name for name in worst if name not in corrected]
    others = [name for name in before if name not in worst]
    print(f"\n{arguments.steps} steps, learning rate {arguments.lr:g}\n")
    print("| slices | n | before | after | difference in points (95 % interval) |")
    print("|---|---|---|---|---|")
    print(row("the 20 that were not corrected", held_out, before, after))
    for site in sorted({before[name][0] for name in held_out}):
        some = [name for name in held_out if before[name][0] == site]
        print(row(f"of these, {site}", some, before, after))
    print(row("corrected", corrected, before, after))
    print(row("all other validation slices", others, before, after))


def run(*words: object) -> None:
    """One command of callosal; its failure ends the experiment."""
    code = callosal([str(word) for word in words])
    if code not in (0, 2):
        raise SystemExit(f"callosal {words[0]} ended with {code}")


def scores(data: Path, output: Path, model: str) -> Scores:
    """Site and Dice of each validation slice."""
    run("evaluate", "--data", data, "--output", output, "--model", model, "--split", "val")
    with (output / "cases.csv").open(encoding="utf-8") as stream:
        return {
            line["name"]: (line["site"], float(line["dice"])) for line in csv.DictReader(stream)
        }


def correct(data: Path, names: Sequence[str], output: Path) -> None:
    """Plan on slices, and save the review that a person would: with the mask of the reference."""
    images = [data / name / f"{name}_T1w.nii.gz" for name in names]
    run("infer", *images, "--output", output / "run", "--mapping", output / "who.csv")
    desk = ReviewSession.of(output / "run")
    for case_id, line in read_mapping(output / "who.csv").items():
        name = Path(line["file"]).name.removesuffix("_T1w.nii.gz")
        place = desk.case(case_id).midsagittal
        mask = on_slice(data / name / f"{name}_label-CC_mask.nii.gz", place)
        desk.save(case_id, Judgement(Decision.CORRECTED, "reference", "", None, mask), 0)
    desk.report.wait()


def on_slice(path: Path, place: SliceImage) -> NDArray[np.uint8]:
    """A mask of the source on the pixels of the midsagittal slice; its largest piece."""
    volume = read_nifti(path)
    rows, columns = np.indices(place.pixels.shape)
    lps = place.affine_lps[:3, :2] @ np.stack([rows.ravel(), columns.ravel()])
    lps += place.affine_lps[:3, 3:]
    inverse = np.linalg.inv(volume.affine)
    index = np.rint(inverse[:3, :3] @ lps + inverse[:3, 3:]).astype(int)
    index = np.clip(index, 0, np.array(volume.spatial_shape)[:, None] - 1)
    mask = volume.array[tuple(index)].reshape(place.pixels.shape) > 0
    pieces, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    largest: NDArray[np.bool_] = pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])
    return largest.astype(np.uint8)


def tuned(data: Path, worst: Sequence[str], output: Path, steps: int, lr: float) -> Path:
    """The shipped model after some steps on the training slices and the corrected ones."""
    kept = [one for one in read_participants(data) if one.name not in worst]
    table = output / "split.tsv"
    rows = [f"{one.name}\t{one.split}" for one in kept if one.split in ("train", "val")]
    table.write_text("\n".join(["participant_id\tsplit", *rows]) + "\n", encoding="utf-8")
    run("fit", "--config", CONFIG, "--data.root", data, "--data.split_file", table,
        "--data.also", f"[{output / 'collected'}]", "--data.also_share", 0.5,
        "--model.lr", lr, "--trainer.max_steps", steps, "--trainer.val_check_interval", steps,
        "--trainer.default_root_dir", output / "fit",
        "--trainer.callbacks+=ExportedWeights", f"--trainer.callbacks.model={MODEL}")  # fmt: skip
    (checkpoint,) = (output / "fit").glob("version_0/checkpoints/last.ckpt")
    model = output / "tuned.onnx"
    run("export", "--checkpoint", checkpoint, "--output", model, "--training-data",
        "ABIDE, and slices corrected in a review")  # fmt: skip
    return model


def row(what: str, names: Sequence[str], before: Scores, after: Scores) -> str:
    """Mean Dice of some slices, and its change with the interval over slices."""
    first, second = (np.array([table[name][1] for name in names]) for table in (before, after))
    change = 100 * (second - first)
    draws = np.random.default_rng(0).integers(len(names), size=(10_000, len(names)))
    low, high = np.quantile(change[draws].mean(axis=1), (0.025, 0.975))
    return (
        f"| {what} | {len(names)} | {first.mean():.4f} | {second.mean():.4f} | "
        f"{change.mean():+.2f} ({low:+.2f} to {high:+.2f}) |"
    )


if __name__ == "__main__":
    main()
