"""Slices with which an exported model is checked against the network it came from."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from callosal.export.accuracy import AngleOf, LabelledImage
from callosal.export.onnx_export import Slices
from callosal.export.precision import Precision
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.phantom_slices import phantom_split
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.evaluation.plan_angle import plan_angle_deg

PARITY_COUNT = 5
CALIBRATION_COUNT = 24


def export_slices(
    data: Path | None, precision: Precision, angle_of: AngleOf = plan_angle_deg
) -> Slices:
    """Validation slices for parity and gates, training slices for calibration of eight bits.

    Args:
        data: Folder of NIfTI pairs; phantoms without one.
        precision: Of the export; only int8 is calibrated.
        angle_of: Plan angle of a probability map.

    Raises:
        DataError: The folder cannot be used.
    """
    val = _read(data, "val")
    train = _read(data, "train") if precision == "int8" else []
    return Slices(
        parity=[_image(each) for each in _spread(val, PARITY_COUNT)],
        calibration=[_image(each) for each in _spread(train, CALIBRATION_COUNT)],
        labelled=[LabelledImage(_image(each), each.mask > 0) for each in val],
        angle_of=angle_of,
    )


def _read(data: Path | None, split: str) -> list[LabelledSlice]:
    if data is None:
        return list(phantom_split(split, CALIBRATION_COUNT, spacing_mm=0.5, size=384))
    return list(read_split(data, split))


def _spread(slices: Sequence[LabelledSlice], count: int) -> Sequence[LabelledSlice]:
    """Some slices from all over the list, so that every site is among them."""
    return slices[:: max(1, len(slices) // count)][:count]


def _image(labelled: LabelledSlice) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return labelled.image.astype(np.float32)
