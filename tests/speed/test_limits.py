"""What a machine could reach at best."""

from pathlib import Path

import numpy as np
import pytest

from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.speed.contest import Contest, Result
from callosal.pipelines.speed.limits import measure_limits, multiply_adds
from callosal.pipelines.speed.run import contest_table


def test_a_machine_computes_and_copies() -> None:
    limits = measure_limits(threads=1)
    assert limits.gflops > 0.1
    assert limits.memory_gbps > 0.01


def test_multiply_adds_of_a_convolution_are_those_of_its_shapes(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    weights = onnx.numpy_helper.from_array(np.zeros((4, 1, 3, 3), np.float32), "weights")
    given = helper.make_tensor_value_info("image", 1, ["N", 1, "H", "W"])
    made = helper.make_tensor_value_info("made", 1, ["N", 4, "H", "W"])
    node = helper.make_node("Conv", ["image", "weights"], ["made"], pads=[1, 1, 1, 1])
    graph = helper.make_graph([node], "network", [given], [made], [weights])
    opset = helper.make_opsetid("", 18)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=9)
    onnx.save(model, tmp_path / "network.onnx")
    assert multiply_adds(tmp_path / "network.onnx", (2, 1, 64, 80)) == 2 * 64 * 80 * 4 * 9


def test_multiply_adds_grow_with_the_picture() -> None:
    model = resolve_model(DEFAULT)
    small, large = (multiply_adds(model, (1, 1, side, side)) for side in (64, 128))
    assert large == pytest.approx(4 * small, rel=0.01)


def test_the_table_shows_the_time_over_the_limit() -> None:
    row = Result("callosal", 0.5, 0.4, 1.0, None)
    cells = contest_table(Contest("a question", (row,), {}, limit_s=0.1)).columns[4].cells
    assert list(cells) == ["5.0"]
    unknown = contest_table(Contest("a question", (row,), {})).columns[4].cells
    assert list(unknown) == [""]
