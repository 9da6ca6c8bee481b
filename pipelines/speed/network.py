"""The network alone: onnxruntime against other engines, on equal threads."""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from callosal.export.runtime import open_session
from callosal.models.errors import InputError
from callosal.pipelines.speed.contest import Contest, Contestant, hold, missing, timed
from callosal.pipelines.speed.limits import Limits, multiply_adds

BATCHES = (1, 8, 16)
SIDE = 256

Run = Callable[[NDArray[np.float32]], object]


def network_contests(
    model: Path,
    int8: Path | None,
    config: Path | None,
    threads: int,
    rounds: int,
    limits: Limits,
) -> Iterator[Contest]:
    """One contest for each batch size.

    Args:
        model: The ONNX file, of any precision.
        int8: The same in eight bits, where there is one.
        config: YAML of its training, from which torch builds the same network; its weights are
            random, which takes the same time.
        threads: Threads of every engine.
        rounds: Runs of each.
        limits: What the machine could reach.
    """
    engines: dict[str, Run] = {f"onnxruntime {_precision(model)}": _onnxruntime(model, threads)}
    absent: dict[str, str] = {}
    if int8 is None and "onnxruntime int8" not in engines:
        absent["onnxruntime int8"] = "no file: callosal export --precision int8, then --int8 FILE"
    elif int8 is not None:
        engines["onnxruntime int8"] = _onnxruntime(int8, threads)
    lack = missing("torch") or (
        None if config else "no training config of this model (--training-config)"
    )
    if lack or config is None:
        absent |= {"torch eager": str(lack), "torch.compile": str(lack)}
    else:
        engines |= _torch(config, threads)
    if lack := missing("openvino"):
        absent["OpenVINO"] = lack
    else:
        engines["OpenVINO"] = _openvino(model, threads)
    for count in BATCHES:
        title = f"{model.stem}, batch {count} of {SIDE}x{SIDE}, {threads} threads"
        shape = (count, 1, SIDE, SIDE)
        limit_s = limits.seconds(multiply_adds=multiply_adds(model, shape))
        yield _contest(title, engines, shape, rounds, absent, limit_s)


def _contest(
    title: str,
    engines: dict[str, Run],
    shape: tuple[int, ...],
    rounds: int,
    absent: dict[str, str],
    limit_s: float,
) -> Contest:
    images = np.random.default_rng(0).uniform(0, 200, shape).astype(np.float32)
    contestants = [
        Contestant(name, timed(lambda run=run: run(images)))  # type: ignore[misc]
        for name, run in engines.items()
    ]
    return hold(title, contestants, rounds, absent, limit_s)


def _onnxruntime(path: Path, threads: int) -> Run:
    session = open_session(path.read_bytes(), ["CPUExecutionProvider"], threads, path.name)
    return lambda images: session.run(None, {"image": images})


def _precision(path: Path) -> str:
    session = open_session(path.read_bytes(), ["CPUExecutionProvider"], 1, path.name)
    return str(session.get_modelmeta().custom_metadata_map.get("precision", "fp32"))


def _openvino(path: Path, threads: int) -> Run:
    core: Any = import_module("openvino").Core()
    compiled = core.compile_model(
        str(path), "CPU", {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    )
    request = compiled.create_infer_request()
    return lambda images: request.infer({"image": images})


def _torch(config: Path, threads: int) -> dict[str, Run]:
    import torch

    torch.set_num_threads(threads)
    network = _build(config)

    def eager(images: NDArray[np.float32]) -> object:
        with torch.inference_mode():
            answer: torch.Tensor = network(torch.from_numpy(images))
            return answer.numpy()

    compiled: Any = torch.compile(network, dynamic=False)

    def fast(images: NDArray[np.float32]) -> object:
        with torch.inference_mode():
            answer: torch.Tensor = compiled(torch.from_numpy(images))
            return answer.numpy()

    return {"torch eager": eager, "torch.compile": fast}


def _build(config: Path) -> Any:
    """The network of a training config, with random weights, as it is exported."""
    from callosal.export.onnx_export import ProbabilityNetwork
    from callosal.models.attention_unet import AttentionUNet
    from callosal.models.bisenetv2 import BiSeNetV2
    from callosal.models.segmentation_module import SegmentationModule
    from callosal.models.vit import ViTSegmenter

    kinds = {kind.__name__: kind for kind in (AttentionUNet, BiSeNetV2, ViTSegmenter)}
    net = yaml.safe_load(config.read_text(encoding="utf-8"))["model"]["net"]
    name = str(net["class_path"]).rpartition(".")[2]
    if name not in kinds:
        raise InputError(
            f"{config.name}: {name} is none of {', '.join(kinds)}, so torch cannot take part",
            "bad_config",
        )
    module = SegmentationModule(kinds[name](**net.get("init_args", {})), spacing_mm=0.5)
    return ProbabilityNetwork(module.eval()).eval()
