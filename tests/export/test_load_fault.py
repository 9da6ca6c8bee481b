"""Files that onnxruntime refuses: the reason that is said is the one that holds."""

from pathlib import Path

import onnx
import pytest

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import resolve_model
from callosal.models.errors import ModelFileError


def _model() -> onnx.ModelProto:
    return onnx.load(str(resolve_model("bisenetv2")))


def _newer_format() -> bytes:
    model = _model()
    model.ir_version = 99
    return model.SerializeToString()


def _newer_opset() -> bytes:
    model = _model()
    model.opset_import[0].version = 99
    return model.SerializeToString()


def _newer_operator() -> bytes:
    model = _model()
    model.graph.node[0].op_type = "Newest"
    return model.SerializeToString()


def _foreign_operator() -> bytes:
    model = _model()
    model.graph.node[0].domain = "com.mine"
    return model.SerializeToString()


def _weights_elsewhere() -> bytes:
    model = _model()
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "weights.bin"
    return model.SerializeToString()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (_newer_format, r"has ONNX IR version 99, onnxruntime .* reads up to \d+; update"),
        (_newer_opset, "has opset 99, which onnxruntime .* does not know yet; update"),
        (_newer_operator, "needs the operator Newest in opset 20, which"),
        (_foreign_operator, "needs operators of the domain 'com.mine'"),
        (_weights_elsewhere, "keeps weights outside of itself"),
        (lambda: _model().SerializeToString()[:-3000], "is no ONNX file, or was cut short"),
        (lambda: b"text", "is no ONNX file, or was cut short"),
        (lambda: b"", "is no ONNX file"),
    ],
)
def test_the_reason_is_the_one_that_holds(content, expected: str, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(content())
    with pytest.raises(ModelFileError, match=rf"model\.onnx: {expected}") as caught:
        open_segmenter(tmp_path / "model.onnx", "cpu")
    assert caught.value.code == "bad_model_file"
    assert "\n" not in str(caught.value)
    assert ("self-contained" in str(caught.value)) == (content is _weights_elsewhere)
