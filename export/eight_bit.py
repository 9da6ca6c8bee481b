"""An eight-bit file made from an exported float file, and checked."""

import dataclasses
import tempfile
from pathlib import Path

import onnx

from callosal.export.accuracy import Reduction, measure_reduction
from callosal.export.contract import SegmenterContract
from callosal.export.graph import check_graph, write_metadata
from callosal.export.onnx_export import Slices
from callosal.export.precision import write_int8
from callosal.models.errors import InputError


def make_int8(source: Path, output: Path, *, name: str, slices: Slices) -> Reduction:
    """Make an eight-bit file of a float file that `callosal export` wrote.

    The metadata of the float file is kept, except name, precision and figures.

    Args:
        source: The float file.
        output: The file to write.
        name: Its name in the metadata.
        slices: Slices for calibration and checks.

    Raises:
        InputError: The source is not in float (`not_float`).
        ModelFileError: The source does not keep the contract.
        ParityError: The file lost too much accuracy; no file is left behind.
    """
    metadata = {each.key: each.value for each in onnx.load(str(source)).metadata_props}
    contract = SegmenterContract.from_metadata(metadata, source.name)
    if contract.precision != "fp32":
        raise InputError(
            f"{source.name}: holds {contract.precision}; eight bits are made of a float file",
            code="not_float",
        )
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".int8-") as folder:
        path = Path(folder) / "int8.onnx"
        kept = write_int8(source, path, slices.calibration)
        check_graph(path, output.name)
        reduction = measure_reduction(source, path, "int8", slices.labelled, slices.angle_of, kept)
        reduction.require(output.name)
        contract = dataclasses.replace(
            contract,
            name=name,
            precision="int8",
            parity={**contract.parity, "reduction": reduction.figures()},
        )
        write_metadata(path, contract.to_metadata())
        path.replace(output)
    return reduction
