"""What is read from a graph; that all weights come back is shown by tests/training."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from callosal.export.graph_weights import read_weights


def _graph(path: Path, nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray]) -> Path:
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [2, 2])
    answer = helper.make_tensor_value_info("answer", TensorProto.FLOAT, None)
    initializers = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    onnx.save(
        helper.make_model(helper.make_graph(nodes, "g", [image], [answer], initializers)), path
    )
    return path


ADD = helper.make_node("Add", ["product", "net.layer.bias"], ["answer"])
BIAS = np.ones(2, np.float32)


def test_the_matrix_of_a_linear_layer_takes_its_name_from_its_bias(tmp_path: Path) -> None:
    matrix = np.array([[1, 2], [3, 4]], np.float32)
    product = helper.make_node("MatMul", ["image", "val_7"], ["product"])
    weights = {"val_7": matrix, "net.layer.bias": BIAS}
    read = read_weights(_graph(tmp_path / "g.onnx", [product, ADD], weights))
    assert set(read) == {"net.layer.bias", "net.layer.weight"}
    assert torch.equal(read["net.layer.weight"], torch.from_numpy(matrix.T.copy()))


def test_a_product_of_two_features_has_no_matrix(tmp_path: Path) -> None:
    product = helper.make_node("MatMul", ["image", "image"], ["product"])
    read = read_weights(_graph(tmp_path / "g.onnx", [product, ADD], {"net.layer.bias": BIAS}))
    assert set(read) == {"net.layer.bias"}
