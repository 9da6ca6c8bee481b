"""`callosal export`: a checkpoint to one ONNX file, or no file at all."""

import json
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table


def export(
    checkpoint: Path,
    output: Path,
    name: str | None = None,
    training_data: str = "not stated",
    data: Path | None = None,
    threshold: float = 0.5,
    precision: Literal["fp32", "fp16", "int8"] = "fp32",
) -> int:
    """Export a trained segmenter and check that the file gives the network's numbers.

    Beside the ONNX file a parity report is written (same name, .parity.json). Lost parity
    fails the export and leaves no file.

    Args:
        checkpoint: Checkpoint that `callosal fit` wrote.
        output: The ONNX file to write.
        name: Short name for the metadata; by default the file's.
        training_data: Which data the weights come from, with its terms.
        data: Folder of NIfTI pairs: validation slices check the file, training slices calibrate
            int8; phantoms without.
        threshold: Probability above which a pixel is callosum.
        precision: int8 is a quarter of the size and runs faster on most CPUs, fp16 is half the
            size, for GPUs. Both are refused where Dice on the validation slices drops by over
            half a point.

    Returns:
        Exit code 0.
    """
    # Torch is for training and export alone; the other commands start without it.
    from callosal.export.onnx_export import export_segmenter, file_sha256
    from callosal.pipelines.training.export_slices import export_slices

    exported = export_segmenter(
        checkpoint,
        output,
        name=name or output.stem,
        training_data=training_data,
        slices=export_slices(data),
        threshold=threshold,
        precision=precision,
    )
    rows = exported.parity.table()
    report = {"sha256": file_sha256(output), "worst": exported.figures(), "rows": rows}
    output.with_suffix(".parity.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    console = Console()
    console.print(_parity_table(output.name, rows))
    if exported.reduction is not None:
        console.print(_reduction_table(output.name, exported.reduction.figures()))
    return 0


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
