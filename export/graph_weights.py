"""The weights of an exported segmenter, back in the network that it was exported from."""

import itertools
from collections.abc import Mapping
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from callosal.export.vector_lanes import narrowed
from callosal.models.errors import DataError

FOLDED = "_bias"
"""Added to the name of a convolution's weight where its batch norm was folded into it."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """Weights of an exported segmenter, each in the shape that it has in the graph.

    Args:
        path: Float file of `callosal export`.

    Returns:
        Weights by the names that they have in the network. What a batch norm adds, (C,), bears the
        name of its convolution's weight and `FOLDED`; the matrix of a linear layer is turned back
        to (outputs, inputs).
    """
    graph = onnx.load(str(path), load_external_data=False).graph
    tensors = {one.name: torch.tensor(numpy_helper.to_array(one)) for one in graph.initializer}
    named = {name: tensor for name, tensor in tensors.items() if name.startswith("net.")}
    biases = {
        name: bias
        for node in graph.node if node.op_type == "Add"
        for name, bias in itertools.permutations(node.input, 2) if bias in named
    }  # fmt: skip
    for node in graph.node:
        # The exporter turns the matrix of a linear layer and takes its name; its bias keeps both.
        # A product of two features, as in attention, has none.
        bias = biases.get(node.output[0], "")
        if node.op_type == "MatMul" and bias.endswith(".bias") and node.input[1] in tensors:
            named[bias.removesuffix("bias") + "weight"] = tensors[node.input[1]].T
    return named


@torch.no_grad()
def restore_weights(weights: Mapping[str, Tensor], module: nn.Module, file_name: str) -> None:
    """Give a module the weights of an exported file.

    Batch norms that were folded only add what they had added; `renew_statistics` gives them the
    statistics that training needs. Heads that only training has are not in the file and stay
    unchanged.

    Args:
        weights: As of `read_weights`.
        module: Module whose `net` is of the class and size that was exported.
        file_name: What to call the file in messages.

    Raises:
        DataError: The file holds a weight that this network lacks or has in another shape
            (`other_network`).
    """
    own = dict(module.named_parameters())
    norms = _norms_by_convolution(module)
    for name, weight in weights.items():
        if name in norms and weight.shape == norms[name].bias.shape:
            _only_add(norms[name], weight)
        elif name in own:
            own[name].copy_(_fitted(weight, own[name].shape, name, file_name))
        else:
            raise _other_network(name, file_name)


def _fitted(weight: Tensor, shape: torch.Size, name: str, file_name: str) -> Tensor:
    fitted = weight if weight.shape == shape else narrowed(weight, shape)
    if fitted is None:
        raise _other_network(name, file_name)
    return fitted


def _other_network(name: str, file_name: str) -> DataError:
    return DataError(
        f"{file_name}: holds another network than this config's (first difference: {name}); take "
        "the config that it was trained with",
        code="other_network",
    )


def _norms_by_convolution(module: nn.Module) -> dict[str, nn.BatchNorm2d]:
    """Batch norms that follow a convolution, by the names of what they add."""
    return {
        f"{prefix}.{name}.weight{FOLDED}": after
        for prefix, part in module.named_modules() if isinstance(part, nn.Sequential)
        for (name, before), (_, after) in itertools.pairwise(part.named_children())
        if isinstance(before, nn.Conv2d) and isinstance(after, nn.BatchNorm2d)
    }  # fmt: skip


def _only_add(norm: nn.BatchNorm2d, bias: Tensor) -> None:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.weight.fill_(1)
    norm.bias.copy_(bias)
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
