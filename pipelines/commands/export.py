"""`callosal export`: from a checkpoint to an ONNX file or the folder of a generator."""

import json
import shlex
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from callosal.models.errors import InputError
from callosal.pipelines.console.stage_lines import StageLines, say

Precision = Literal["fp32", "fp16", "int8"]


def export(
    checkpoint: Path,
    output: Path,
    name: str | None = None,
    training_data: str | None = None,
    data: Path | None = None,
    threshold: float = 0.5,
    precision: Precision = "fp32",
    steps: int = 20,
    guidance: float = 1.5,
    bundle: Path | None = None,
) -> int:
    """Export a trained network and check that the files give the same numbers as torch.

    A segmenter becomes one ONNX file, a generator a folder in the diffusers layout with one ONNX
    file per component. A parity report, which compares the numbers with those of torch, is written
    beside it (same name, .parity.json). If they differ, the export fails and leaves no files.

    Args:
        checkpoint: Checkpoint that `callosal fit` wrote.
        output: The ONNX file to write, or the folder of a generator.
        name: Short name for the metadata; by default the name of the file.
        training_data: Which data the weights come from, with its terms; the checkpoint of a
            generator already records this.
        data: Folder of NIfTI pairs. For a segmenter, validation slices check the file and training
            slices calibrate int8; without this option, phantoms are used for both. For a generator,
            a shape model of the training masks, of which there must be 20 or more, is added to its
            folder; without this option there is no shape model.
        threshold: Probability above which a segmenter counts a pixel as callosum.
        precision: int8 is a quarter of the size and runs faster on most CPUs, fp16 is half the
            size, for GPUs. Both are refused if Dice on the validation slices drops by over half a
            point. For a generator, fp16 halves the files and leaves the computation as it was.
        steps: Steps of the generator's sampler; a generator that was trained to do so estimates
            each mask again in two more runs.
        guidance: How strongly a generator follows its conditions; 1 leaves this as it was trained.
        bundle: Folder of a MONAI bundle to write as well: metadata, inference config, the ONNX
            file and TorchScript of a segmenter, which run without callosal.

    Returns:
        Exit code 0.
    """
    # Torch is for training and export alone; the other commands start without it.
    from callosal.export.checkpoint_kind import checkpoint_kind
    from callosal.export.contract import UNTOLD

    typed = shlex.quote(str(output))
    with StageLines("callosal.export"):
        if checkpoint_kind(checkpoint) == "generator":
            if bundle is not None:
                raise InputError(
                    "--bundle: a MONAI bundle is written of a segmenter, not of a generator",
                    code="wrong_usage",
                )
            _export_generator(
                checkpoint, output, name, training_data, data, precision, steps, guidance
            )
            following = f"callosal generate --model {typed} --count 20 --output synthetic"
        else:
            said = training_data or UNTOLD
            _export_segmenter(checkpoint, output, name, said, data, threshold, precision)
            if bundle is not None:
                _write_bundle(checkpoint, output, bundle)
            following = f"callosal evaluate --model {typed} --data MY_DATA --output figures"
    print(f"model: {output}")
    print(f"next: {following}")
    return 0


def _export_segmenter(
    checkpoint: Path,
    output: Path,
    name: str | None,
    training_data: str,
    data: Path | None,
    threshold: float,
    precision: Precision,
) -> None:
    from callosal.export.onnx_export import export_segmenter, file_sha256
    from callosal.pipelines.evaluation.export_slices import export_slices

    say("reading the slices that it is checked with")
    slices = export_slices(data, precision)
    exported = export_segmenter(
        checkpoint,
        output,
        name=name or output.stem,
        training_data=training_data,
        slices=slices,
        threshold=threshold,
        precision=precision,
    )
    rows = exported.parity.table()
    report = {"sha256": file_sha256(output), "worst": exported.figures(), "rows": rows}
    _write_report(output.with_suffix(".parity.json"), report)
    console = Console()
    console.print(_parity_table(output.name, rows))
    if exported.reduction is not None:
        console.print(_reduction_table(output.name, exported.reduction.figures()))


def _write_bundle(checkpoint: Path, model: Path, folder: Path) -> None:
    from callosal.export.monai_bundle import write_bundle

    say("writing the MONAI bundle")
    write_bundle(checkpoint, model, folder)


def _export_generator(
    checkpoint: Path,
    output: Path,
    name: str | None,
    training_data: str | None,
    data: Path | None,
    precision: Precision,
    steps: int,
    guidance: float,
) -> None:
    from callosal.export.generator_export import export_generator
    from callosal.pipelines.datasets.nifti_pairs import read_split
    from callosal.pipelines.synthesis.shape_model import fit_shape_model

    parity = export_generator(
        checkpoint,
        output,
        name=name or output.name,
        training_data=training_data,
        shape_model=None
        if data is None
        else fit_shape_model(list(read_split(data, "train"))).to_bytes(),
        precision=precision,
        steps=steps,
        guidance=guidance,
    )
    rows = parity.table()
    report = {"worst": parity.figures(), "rows": rows}
    _write_report(output.with_name(f"{output.name}.parity.json"), report)
    table = Table(title=f"{output.name}: largest differences to torch")
    for heading in ("what", "shape", "difference", "masks differing"):
        table.add_column(heading)
    for row in rows:
        differing = str(row["masks_differing"])
        table.add_row(row["what"], str(row["shape"]), f"{row['difference']:.1e}", differing)
    Console().print(table)


def _write_report(path: Path, report: dict[str, Any]) -> None:
    path.write_text(json.dumps(report, indent=1), encoding="utf-8")


def _parity_table(file_name: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=f"{file_name}: largest differences to torch (float graph)")
    for heading in ("batch, height, width", "probability", "mask pixels", "plan angle"):
        table.add_column(heading)
    for row in rows:
        angle = "-" if row["angle_deg"] is None else f"{row['angle_deg']:.1e} deg"
        table.add_row(str(row["shape"]), f"{row['probability']:.1e}", f"{row['mask']:.1e}", angle)
    return table


def _reduction_table(file_name: str, figures: dict[str, Any]) -> Table:
    table = Table(title=f"{file_name}: against the float file")
    for heading in ("measure", "value"):
        table.add_column(heading)
    for measure, value in figures.items():
        told = f"{value:.4f}" if isinstance(value, float) else str(value)
        table.add_row(measure, told)
    return table
