"""`callosal export`: a checkpoint to one ONNX file or one generator's folder, or to nothing."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def export(
    checkpoint: Path,
    output: Path,
    name: str | None = None,
    training_data: str = "not stated",
    data: Path | None = None,
    threshold: float = 0.5,
    steps: int = 20,
    guidance: float = 1.5,
) -> int:
    """Export a trained network and check that the files give its numbers.

    A segmenter becomes one ONNX file, a generator a folder in the diffusers layout with one ONNX
    file a component. Beside it a parity report is written (same name, .parity.json). Lost parity
    fails the export and leaves nothing.

    Args:
        checkpoint: Checkpoint that `callosal fit` wrote.
        output: The ONNX file to write, or the folder of a generator.
        name: Short name for the metadata; by default the file's.
        training_data: Which data the weights of a segmenter come from, with its terms; a
            generator's checkpoint says it itself.
        data: Folder of NIfTI pairs whose validation slices check the parity of a segmenter;
            phantoms without.
        threshold: Probability above which a pixel of a segmenter is callosum.
        steps: Steps that a generator is to be sampled in.
        guidance: How strongly a generator is to follow what is asked for; 1 as learned.

    Returns:
        Exit code 0.
    """
    # Torch is for training and export alone; the other commands start without it.
    from callosal.export.checkpoint_kind import checkpoint_kind

    if checkpoint_kind(checkpoint) == "generator":
        return _export_generator(checkpoint, output, name, steps, guidance)
    return _export_segmenter(checkpoint, output, name, training_data, data, threshold)


def _export_segmenter(
    checkpoint: Path,
    output: Path,
    name: str | None,
    training_data: str,
    data: Path | None,
    threshold: float,
) -> int:
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
    _report(output.with_suffix(".parity.json"), parity.figures(), rows)
    headings = ("batch, height, width", "probability", "mask pixels")
    cells = [(str(row.shape), f"{row.probability:.1e}", f"{row.mask:.1e}") for row in parity.rows]
    _print(output.name, headings, cells)
    return 0


def _export_generator(
    checkpoint: Path, output: Path, name: str | None, steps: int, guidance: float
) -> int:
    from callosal.export.generator_export import export_generator

    parity = export_generator(
        checkpoint, output, name=name or output.name, steps=steps, guidance=guidance
    )
    rows = [
        {
            "what": row.what,
            "shape": row.shape,
            "difference": row.difference,
            "masks_differing": row.masks_differing,
        }
        for row in parity.rows
    ]
    _report(output.with_name(f"{output.name}.parity.json"), parity.figures(), rows)
    headings = ("what", "shape", "difference", "masks differing")
    cells = [
        (row.what, str(row.shape), f"{row.difference:.1e}", str(row.masks_differing))
        for row in parity.rows
    ]
    _print(output.name, headings, cells)
    return 0


def _report(path: Path, worst: dict[str, float], rows: Sequence[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"worst": worst, "rows": rows}, indent=1), encoding="utf-8")


def _print(name: str, headings: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    table = Table(*headings, title=f"{name}: largest differences to torch")
    for row in cells:
        table.add_row(*row)
    Console().print(table)
