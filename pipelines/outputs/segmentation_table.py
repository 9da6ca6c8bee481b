"""segmentation.csv: areas of callosal beside those of segmentations that lie beside the images."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from callosal.pipelines.outputs.atomic import write_text
from callosal.pipelines.outputs.file_names import SEGMENTATION_TABLE
from callosal.pipelines.outputs.results import safe_cell

ComparedRow = Mapping[str, Any]

COLUMNS = (
    "case_id",
    "reason",
    "area_mm2",
    "segmentation_area_mm2",
    "difference_pct",
    "dice",
    "segmentation_volume_mm3",
    "anterior_mm2",
    "mid_anterior_mm2",
    "central_mm2",
    "mid_posterior_mm2",
    "posterior_mm2",
)


def write_segmentations(output: Path, rows: Iterable[ComparedRow]) -> None:
    """Write the table, sorted by case.

    Args:
        output: Folder of the run.
        rows: One row a case.

    Raises:
        OutputError: The disk is full or read-only.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in sorted(rows, key=lambda row: str(row["case_id"])):
        writer.writerow({name: safe_cell(value) for name, value in row.items()})
    write_text(output / SEGMENTATION_TABLE, text.getvalue())
