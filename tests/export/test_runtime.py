"""The runtime: what runs, what it refuses, and that it tells."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from callosal.export import runtime
from callosal.export.devices import Placement
from callosal.export.runtime import Segmenter, open_segmenter, open_session
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import DeviceError, ModelFileError
from callosal.pipelines.phantom import phantom_slice

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)


def test_two_runs_give_the_same_bytes(segmenter: Segmenter) -> None:
    image = phantom_slice(0, (257, 301), 0.5)[0][None, None].astype(np.float32)
    again = open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)
    first = segmenter.probability(image)
    assert first.tobytes() == segmenter.probability(image).tobytes()
    assert first.tobytes() == again.probability(image).tobytes()


def test_it_tells_what_runs_and_why(segmenter: Segmenter) -> None:
    assert segmenter.placement == {
        "provider": CPU,
        "reason": "--device cpu was asked for",
        "threads": 1,
    }
    assert open_segmenter(resolve_model(DEFAULT)).reason.startswith("auto: ")


@pytest.mark.parametrize("suffix", [".json", ".parity.json"])
def test_a_changed_file_is_refused(suffix: str, tmp_path: Path) -> None:
    path = Path(shutil.copy(resolve_model(DEFAULT), tmp_path / "net.onnx"))
    record = path.with_suffix(suffix)
    record.write_text(json.dumps({"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}))
    assert open_segmenter(path, "cpu").contract.name == DEFAULT
    record.write_text(json.dumps({"sha256": "0" * 64}))
    with pytest.raises(ModelFileError, match="was changed") as error:
        open_segmenter(path, "cpu")
    assert error.value.code == "tampered_model"


def test_too_large_a_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "MAX_MODEL_BYTES", 10)
    path = tmp_path / "net.onnx"
    path.write_bytes(bytes(11))
    with pytest.raises(ModelFileError) as error:
        open_segmenter(path, "cpu")
    assert error.value.code == "model_too_large"


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_falling_back_is_refused_by_name_and_told_by_auto(monkeypatch: pytest.MonkeyPatch) -> None:
    # What onnxruntime does where CUDA's libraries are missing: it opens the session on the CPU.
    monkeypatch.setattr(runtime, "place", lambda _: Placement((CUDA, CPU), "auto: a device"))
    with pytest.raises(DeviceError, match="fell back to CPU") as error:
        open_segmenter(resolve_model(DEFAULT), "cuda")
    assert error.value.code == "device_unusable"
    found = open_segmenter(resolve_model(DEFAULT), "auto")
    assert found.provider == CPU
    assert found.reason == "auto: a device, but it could not be opened"


@pytest.mark.parametrize(("ir_version", "opset"), [(99, 18), (10, 99)])
def test_a_file_of_a_newer_format_is_told_as_such(ir_version: int, opset: int) -> None:
    onnx = pytest.importorskip("onnx")
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["x"], ["y"])], "g", ends[:1], ends[1:]
    )
    opsets = [onnx.helper.make_opsetid("", opset)]
    model = onnx.helper.make_model(graph, ir_version=ir_version, opset_imports=opsets)
    with pytest.raises(ModelFileError, match="export an older one"):
        open_session(model.SerializeToString(), ["CPUExecutionProvider"], 1)


def test_a_pointer_of_git_lfs_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(ModelFileError, match="git lfs pull") as error:
        open_segmenter(path, "cpu")
    assert error.value.code == "bad_model_file"
