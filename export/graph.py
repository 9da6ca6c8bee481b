"""What an exported graph has to look like, and which part of it is the network proper."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import onnx

from callosal.models.errors import ParityError

FREE_AXES = {0: "batch", 2: "height", 3: "width"}
PRODUCTS = frozenset({"Conv", "ConvTranspose", "MatMul", "Gemm"})
"""Operators that carry weights."""


def check_graph(path: Path, name: str) -> None:
    """Check names, free dimensions, opset and that all weights are inside.

    Args:
        path: The file.
        name: What to call it in messages.

    Raises:
        ParityError: A dimension that should be free was fixed by the exporter, or an input,
            output, opset or tensor is not what the contract says (`bad_graph`).
    """
    model = onnx.load(str(path), load_external_data=False)
    graph = model.graph
    problems = []
    for value, expected in ((graph.input, "image"), (graph.output, "probability")):
        if [each.name for each in value] != [expected]:
            problems.append(f"{expected!r} should be the only one of {[e.name for e in value]}")
            continue
        dims = value[0].type.tensor_type.shape.dim
        fixed = [free for axis, free in FREE_AXES.items() if not dims[axis].dim_param]
        if len(dims) != 4 or fixed:
            problems.append(f"{expected}: {', '.join(fixed) or 'rank'} is fixed")
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in graph.initializer):
        problems.append("weights lie outside of the file")
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    if opsets.get("", 0) < 18:
        problems.append(f"opset {opsets.get('', 0)} is below 18")
    if problems:
        raise ParityError(f"{name}: {'; '.join(problems)}; nothing was written", code="bad_graph")


def write_metadata(path: Path, metadata: Mapping[str, str]) -> None:
    """Write metadata_props into an ONNX file in place of those that it has."""
    model = onnx.load(str(path))
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def outside_of_network(model: onnx.ModelProto) -> list[str]:
    """Nodes before the first product and after the last, which is counted with them.

    Before lies the normalisation: raw intensities have any scale, so no fixed range of eight
    bits fits them. After lies the probability, whose level set is traced
    to a fraction of a pixel.
    """
    nodes = list(model.graph.node)
    products = [node for node in nodes if node.op_type in PRODUCTS]
    downstream = _reached(nodes, {name for node in products for name in node.output})
    upstream = _reached(
        [_turned(node) for node in reversed(nodes)],
        {name for node in products for name in node.input},
    )
    inside = {node.name for node in products[:-1]} | (downstream & upstream)
    inside -= {node.name for node in products[-1:]}
    return [node.name for node in nodes if node.name not in inside]


def _turned(node: onnx.NodeProto) -> onnx.NodeProto:
    return onnx.helper.make_node(node.op_type, node.output, node.input, name=node.name)


def _reached(nodes: Iterable[onnx.NodeProto], tensors: set[str]) -> set[str]:
    """Names of the nodes, given in their order, that some of the tensors lead to."""
    known = set(tensors)
    reached = set()
    for node in nodes:
        if known & set(node.input):
            reached.add(node.name)
            known |= set(node.output)
    return reached
