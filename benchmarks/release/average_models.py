"""A model whose weights lie between those of two, of which one was trained on from the other.

    python benchmarks/release/average_models.py FIRST.onnx SECOND.onnx --share 0.6 --output OUT.onnx

Both are float files of `callosal export` of one network. FIRST is what SECOND was trained on from:
between them lie networks that keep what the first knows and have most of what the second learned
(Wortsman et al. 2022, CVPR, "Robust fine-tuning of zero-shot models"). The metadata, terms of the
training data included, are those of SECOND.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from callosal.models.errors import ModelFileError
from callosal.pipelines.console.usage import run_script


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--share", type=float, required=True, help="of SECOND, 0 to 1")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    averaged = average(onnx.load(arguments.first), onnx.load(arguments.second), arguments.share)
    onnx.save(averaged, arguments.output)


def average(first: onnx.ModelProto, second: onnx.ModelProto, share: float) -> onnx.ModelProto:
    """The second model with weights of which a share comes from it and the rest from the first.

    Raises:
        ModelFileError: The share is not between 0 and 1, or the networks differ.
    """
    if not 0 <= share <= 1:
        raise ModelFileError(f"--share: {share} is not between 0 and 1", code="wrong_usage")
    before = {one.name: numpy_helper.to_array(one) for one in first.graph.initializer}
    operators = [[node.op_type for node in model.graph.node] for model in (first, second)]
    if operators[0] != operators[1] or set(before) != {
        one.name for one in second.graph.initializer
    }:
        raise ModelFileError("the two files hold different networks", code="other_network")
    averaged = onnx.ModelProto()
    averaged.CopyFrom(second)
    for one in averaged.graph.initializer:
        old, new = before[one.name], numpy_helper.to_array(one)
        if old.shape != new.shape:
            raise ModelFileError("the two files hold different networks", code="other_network")
        if new.dtype == np.float32 and not np.array_equal(old, new):
            mixed = ((1 - share) * old + share * new).astype(np.float32)
            one.CopyFrom(numpy_helper.from_array(mixed, one.name))
    return averaged


if __name__ == "__main__":
    run_script(main)
