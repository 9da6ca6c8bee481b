"""The cases of a run compared with segmentations that lie beside their images."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from callosal.models.errors import CallosalError
from callosal.pipelines.freesurfer.label_areas import LABELS, LabelAreas, label_areas
from callosal.pipelines.outputs.file_names import CASES, MASK, PLAN
from callosal.pipelines.outputs.rejection import is_rejected
from callosal.pipelines.outputs.segmentation_table import COLUMNS, ComparedRow
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.reading.nifti import read_nifti

NOT_BESIDE = "no_segmentation"


def compare_segmentations(
    images: Mapping[str, Path], name: str, output: Path
) -> list[dict[str, Any]]:
    """Compare each case with the callosal labels of a segmentation in the folder of its image.

    Args:
        images: Image file of each case.
        name: Name of the segmentation file, such as aseg.mgz.
        output: Folder of the run.

    Returns:
        One row per case, with a reason if nothing could be compared.
    """
    return [
        _row(case, image.parent / name, output / CASES / case) for case, image in images.items()
    ]


def summary(rows: Iterable[ComparedRow]) -> str:
    """How the areas compare, in one line."""
    listed = list(rows)
    known = [row for row in listed if row["difference_pct"] is not None]
    told = f"segmentations compared of {len(known)} of {len(listed)} cases"
    if not known:
        return f"{told}; segmentation.csv says why"
    mean_pct = float(np.mean([row["difference_pct"] for row in known]))
    dice = float(np.mean([row["dice"] for row in known]))
    return f"{told}: their area is {mean_pct:+.1f} % of ours on average, Dice {dice:.2f}"


def _row(case: str, segmentation: Path, folder: Path) -> dict[str, Any]:
    row: dict[str, Any] = {**dict.fromkeys(COLUMNS), "case_id": case}
    found = _compared(segmentation, folder)
    if isinstance(found, str):
        return {**row, "reason": found}
    area_mm2, areas = found
    parts = {f"{part}_mm2": round(areas.part_mm2[part], 2) for part in LABELS.values()}
    return {
        **row,
        "area_mm2": round(area_mm2, 2),
        "segmentation_area_mm2": round(areas.area_mm2, 2),
        "difference_pct": round(100 * (areas.area_mm2 / area_mm2 - 1), 2),
        "dice": round(areas.dice, 4),
        "segmentation_volume_mm3": round(areas.volume_mm3, 1),
        **parts,
    }


def _compared(segmentation: Path, folder: Path) -> tuple[float, LabelAreas] | str:
    """Our area and the areas of the labels, or the reason why they cannot be compared."""
    if not segmentation.is_file():
        return NOT_BESIDE
    if is_rejected(folder):
        return "rejected"
    try:
        plan = Plan.read(folder / PLAN)
        area_mm2 = (plan.morphometry or {}).get("area_mm2")
        if plan.midsagittal is None or area_mm2 is None or not (folder / MASK).is_file():
            return "no_callosum"
        image: Any = nib.load(folder / MASK)
        mask = np.asarray(image.dataobj)[..., 0].astype(np.uint8)
        areas = label_areas(read_nifti(segmentation), plan.midsagittal, mask)
    except CallosalError as error:
        return error.code
    return "no_callosal_labels" if areas is None else (float(area_mm2), areas)
