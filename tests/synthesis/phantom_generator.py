"""A generator whose samples are known: one phantom slice with a little noise.

Its denoiser is the exact velocity toward the phantom down to time 0.2; below, a rest of the noise
stays, so that samples differ.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from callosal.export.generator_folder import (
    DENOISER,
    INDEX,
    SCHEDULER,
    SHAPE_MODEL,
    Sampling,
    index_content,
)
from callosal.models.generation.spec import Condition, GeneratorSpec, scheduler_config
from callosal.pipelines.phantom import phantom_slice
from callosal.pipelines.synthesis.joint_image import distance_channel

SPACING_MM = (2.0, 2.0)
SHAPE = (112, 104)
SCALE_MM = 3.0
CONDITIONS = (
    Condition("area_mm2", 600.0, 90.0, 300.0, 1200.0),
    Condition("length_mm", 70.0, 5.0, 58.0, 82.0),
    Condition("tilt_deg", 0.0, 4.0, -9.0, 9.0),
    Condition("contrast", 0.7, 0.2, 0.2, 1.2),
)


def phantom_pair(seed: int = 4) -> np.ndarray:
    """Image in [-1, 1] and tanh of the signed distance, shape (2, H, W)."""
    image, mask = phantom_slice(seed, SHAPE, SPACING_MM[0])
    top = float(np.percentile(image, 99.9))
    brightness = 2 * np.clip(image / top, 0, 1) - 1
    center = (np.array(SHAPE) - 1) / 2
    distance = distance_channel(mask, SPACING_MM, center, SHAPE, SPACING_MM, SCALE_MM)
    return np.stack([brightness, distance]).astype(np.float32)


def write_phantom_generator(
    folder: Path,
    pair: np.ndarray | None = None,
    shape_model: bytes | None = None,
    mask_from_image: bool = False,
) -> Path:
    """Write the generator's folder.

    Args:
        folder: Folder to write.
        pair: What every sample is near; a phantom by default.
        shape_model: Content of a shape model to go with it.
        mask_from_image: Whether its masks are to be estimated again.
    """
    pair = phantom_pair() if pair is None else pair
    spec = GeneratorSpec(
        kind="pixel",
        objective="rectified_flow",
        spacing_mm=SPACING_MM,
        shape=(pair.shape[1], pair.shape[2]),
        sdf_scale_mm=SCALE_MM,
        conditions=CONDITIONS,
        denoiser={"channels": 2, "widths": [8, 16]},
        latent=None,
        training_data="one phantom",
    )
    parts = {
        DENOISER: _denoiser(pair),
        "unet/config.json": b"{}\n",
        SCHEDULER: json.dumps(scheduler_config("rectified_flow")).encode(),
    }
    if shape_model is not None:
        parts[SHAPE_MODEL] = shape_model
    for path, content in parts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    sampling = Sampling("euler_flow", 8, 1.5, mask_from_image)
    index = index_content("phantom", spec, sampling, parts, {"parity": {}})
    (folder / INDEX).write_bytes(index)
    return folder


def _denoiser(pair: np.ndarray) -> bytes:
    """velocity = (sample - pair) / max(time of the image or the mask, 0.2)."""
    inputs = [
        helper.make_tensor_value_info("sample", TensorProto.FLOAT, ["n", 2, *pair.shape[1:]]),
        helper.make_tensor_value_info("timestep", TensorProto.FLOAT, ["n", 2]),
        helper.make_tensor_value_info("condition", TensorProto.FLOAT, ["n", 4]),
        helper.make_tensor_value_info("given", TensorProto.FLOAT, ["n", 4]),
    ]
    output = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 2, *pair.shape[1:]])
    constants = {
        "pair": pair[None],
        "axes": np.array([2, 3]),
        "least": np.array(0.2, np.float32),
    }
    nodes = [
        helper.make_node("Max", ["timestep", "least"], ["clock"]),
        helper.make_node("Unsqueeze", ["clock", "axes"], ["clocks"]),
        helper.make_node("Sub", ["sample", "pair"], ["way"]),
        helper.make_node("Div", ["way", "clocks"], ["out"]),
    ]
    initial = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "phantom", inputs, [output], initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()
