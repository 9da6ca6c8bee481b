"""What this machine could reach: bytes at memory speed, multiply-adds at the measured peak."""

import json
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from callosal.export.devices import import_onnxruntime


@dataclass(frozen=True)
class Limits:
    """The speed of a machine's memory and of its arithmetic.

    Attributes:
        gflops: Multiply-adds a second, times two, in 1e9, of large float32 products.
        memory_gbps: Bytes a second, in 1e9, that are read and written when memory is copied.
    """

    gflops: float
    memory_gbps: float

    def seconds(self, n_bytes: int = 0, multiply_adds: int = 0) -> float:
        """The least time for bytes that pass once, and for multiply-adds.

        >>> Limits(gflops=100.0, memory_gbps=10.0).seconds(10**9, 5 * 10**9)
        0.2
        """
        return n_bytes / (self.memory_gbps * 1e9) + 2 * multiply_adds / (self.gflops * 1e9)


def measure_limits(threads: int) -> Limits:
    """Measure both on this machine.

    Args:
        threads: How many threads compute at once, each its own product.
    """
    side = 1024
    matrix = np.random.default_rng(0).random((side, side), dtype=np.float32)
    block = np.zeros(1 << 24)
    target = np.ones_like(block)
    product_s = _fastest(lambda: matrix @ matrix, threads)
    copy_s = _fastest(lambda: np.copyto(target, block), 1)
    return Limits(2 * threads * side**3 / product_s / 1e9, 2 * block.nbytes / copy_s / 1e9)


def _fastest(work: Callable[[], object], threads: int, rounds: int = 5) -> float:
    """Seconds in which every thread has done the work once, in the best of some rounds."""
    with ThreadPoolExecutor(threads) as pool:
        seconds = []
        for _ in range(rounds):
            start = time.perf_counter()
            for task in [pool.submit(work) for _ in range(threads)]:
                task.result()
            seconds.append(time.perf_counter() - start)
    return min(seconds)


def multiply_adds(model: Path, shape: Sequence[int]) -> int:
    """Multiply-adds of a network for one input, as onnxruntime counts its shapes.

    Args:
        model: The ONNX file of a segmenter.
        shape: Of its input, (N, 1, H, W).
    """
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    # Optimised operators are fused and keep their channels in blocks: their shapes say less.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_profiling = True
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "network")
        session = onnxruntime.InferenceSession(
            model.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        session.run(None, {"image": np.zeros(shape, np.float32)})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return sum(_of_node(event["args"]) for event in events if "op_name" in event.get("args", {}))


def _of_node(facts: dict[str, Any]) -> int:
    """Multiply-adds of one operator; 0 of those that only move or scale values."""
    kind = facts["op_name"]
    given: list[list[int]]
    made: list[list[int]]
    given, made = (
        [next(iter(one.values())) for one in facts.get(f"{side}_type_shape", ())]
        for side in ("input", "output")
    )
    # Weights are (outputs, inputs, ...) of a convolution and (inputs, outputs, ...) of its inverse.
    if kind in ("Conv", "ConvInteger"):
        return math.prod(made[0]) * math.prod(given[1][1:])
    if kind == "QLinearConv":
        return math.prod(made[0]) * math.prod(given[3][1:])
    if kind == "ConvTranspose":
        return math.prod(given[0]) * math.prod(given[1][1:])
    if kind in ("MatMul", "Gemm"):
        return math.prod(made[0]) * int(given[0][-1])
    return 0
