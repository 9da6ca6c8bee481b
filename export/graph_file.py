"""The file of an exported graph: written by torch's exporter and tidied."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from torch import nn

from callosal.export.graph import FREE_AXES

OPSET = 20


def write_graph(network: nn.Module, path: Path) -> None:
    """Export with free N, H and W into one file."""
    # A batch of one and equal sides would be taken for constants.
    example = torch.rand(2, 1, 200, 173) * 100
    dimensions = {axis: torch.export.Dim(text) for axis, text in FREE_AXES.items()}
    with quiet_exporter():
        torch.onnx.export(
            network,
            (example,),
            str(path),
            input_names=["image"],
            output_names=["probability"],
            dynamo=True,
            dynamic_shapes={"image": dimensions},
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )


@contextmanager
def quiet_exporter() -> Iterator[None]:
    """Leave out what torch says to itself, and that a package no network here uses is missing."""
    registration = logging.getLogger("torch.onnx._internal.exporter._registration")
    registration.addFilter(_is_of_use)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)`", FutureWarning)
            yield
    finally:
        registration.removeFilter(_is_of_use)


def _is_of_use(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("torchvision is not installed")


def tidy_graph(path: Path) -> None:
    """Name the free dimensions, and drop what the exporter notes of this machine."""
    model = onnx.load(str(path))
    for dimension, text in FREE_AXES.items():
        model.graph.output[0].type.tensor_type.shape.dim[dimension].dim_param = text
    # The exporter notes source lines with the paths of this machine on every node.
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.initializer,
                 *model.graph.input, *model.graph.output, model.graph):  # fmt: skip
        del part.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
