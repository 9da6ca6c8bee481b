"""`callosal export`: a checkpoint to one ONNX file, or no file at all."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table


def export(
    checkpoint: Path,
    output: Path,
    name: str | None = None,
    training_data: str = "not stated",
    data: Path | None = None,
    threshold: float = 0.5,
) -> int:
    """Export a trained segmenter and check that the file gives the network's numbers.

    Beside the ONNX file a parity report is written (same name, .parity.json). Lost parity
    fails the export and leaves no file.

    Args:
        checkpoint: Checkpoint that `callosal fit` wrote.
        output: The ONNX file to write.
        name: Short name for the metadata; by default the file's.
        training_data: Which data the weights come from, with its terms.
        data: Folder of NIfTI pairs whose validation slices check the parity; phantoms without.
        threshold: Probability above which a pixel is callosum.

    Returns:
        Exit code 0.
    """
    # Torch is for training and export alone; the other commands start without it.
    from callosal.export.onnx_export import export_segmenter
    from callosal.pipelines.training.parity_slices import parity_slices

    parity = export_segmenter(
        checkpoint,
        output,
        name=name or output.stem,
        training_data=training_data,
        images=parity_slices(data),
        threshold=threshold,
    )
    rows = [
        {"shape": row.shape, "probability": row.probability, "mask": row.mask}
        for row in parity.rows
    ]
    report = {"worst": parity.figures(), "rows": rows}
    output.with_suffix(".parity.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    table = Table(title=f"{output.name}: largest differences to torch")
    for heading in ("batch, height, width", "probability", "mask pixels"):
        table.add_column(heading)
    for row in parity.rows:
        table.add_row(str(row.shape), f"{row.probability:.1e}", f"{row.mask:.1e}")
    Console().print(table)
    return 0
