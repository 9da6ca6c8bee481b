"""The outline of a case that was written before: what a corrected plan's report is made from."""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset

from callosal.models.errors import InputError
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.hospital import concepts
from callosal.pipelines.outline.contour import find_contours_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.outputs.file_names import MASK, STRUCTURED_REPORT
from callosal.pipelines.planning.plan_file import slice_of_document


def contour_of_case(folder: Path, document: Mapping[str, Any]) -> NDArray[np.float64]:
    """The outline of the callosum in the midsagittal slice of a case.

    Args:
        folder: Folder of the case; its report holds the outline as it was found, its mask, the
            second choice, on the grid of its pixels.
        document: Content of plan.json.

    Returns:
        Closed polygon, shape (N, 2) in mm.

    Raises:
        InputError: The folder holds neither (`no_outline`).
    """
    place = slice_of_document(document)
    if (folder / STRUCTURED_REPORT).is_file():
        return place.lps_to_mm(outline_lps_mm(dcmread(folder / STRUCTURED_REPORT)))
    if (folder / MASK).is_file():
        return _trace(folder / MASK, place)
    raise InputError(
        f"case {folder.name}: neither {STRUCTURED_REPORT} nor {MASK}; run `callosal infer` again",
        "no_outline",
    )


def outline_lps_mm(report: Dataset) -> NDArray[np.float64]:
    """The polygon of the callosum in a plan report, shape (N, 3), not closed.

    Raises:
        InputError: The report holds none (`no_outline`).
    """
    for container in report.ContentSequence:
        for group in container.get("ContentSequence", []):
            items = group.get("ContentSequence", [])
            findings = {
                item.ConceptCodeSequence[0].CodeValue for item in items if item.ValueType == "CODE"
            }
            regions = [item for item in items if item.ValueType == "SCOORD3D"]
            if concepts.CALLOSUM.value in findings and regions:
                polygon = np.reshape(np.array(regions[0].GraphicData, dtype=float), (-1, 3))
                if len(polygon) > 3:
                    return polygon[:-1]
    raise InputError("the report holds no outline of the callosum", "no_outline")


def _trace(path: Path, place: SliceImage) -> NDArray[np.float64]:
    image = nib.Nifti1Image.from_bytes(gzip.decompress(path.read_bytes()))
    mask = np.asarray(image.dataobj)[..., 0]
    return smooth_contour_mm(find_contours_mm(mask, place)[0])
