"""The files of a generator's folder: each component as an ONNX graph with free batch and size."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from callosal.export.generator_folder import DECODER, DENOISER, ENCODER, SCHEDULER
from callosal.export.graph_file import OPSET, quiet_exporter
from callosal.models.errors import ParityError
from callosal.models.generation.autoencoder import PairAutoencoder
from callosal.models.generation.checkpoint import TrainedGenerator
from callosal.models.generation.spec import scheduler_config

PART_SCHEMA = "callosal/generator-part/1"
SMALL = 1024
"""Tensors of fewer values are not worth a cast."""


class LatentEncoder(nn.Module):
    """The way into the latent space, as it is exported."""

    def __init__(self, autoencoder: PairAutoencoder) -> None:
        super().__init__()
        self.autoencoder = autoencoder

    def forward(self, sample: Tensor) -> Tensor:
        """Map image and mask (N, 2, H, W) to mean and log variance (N, 2 L, H / 4, W / 4)."""
        return torch.cat(self.autoencoder.encode(sample), dim=1)


class LatentDecoder(nn.Module):
    """The way out of the latent space, as it is exported."""

    def __init__(self, autoencoder: PairAutoencoder) -> None:
        super().__init__()
        self.autoencoder = autoencoder

    def forward(self, latent_sample: Tensor) -> Tensor:
        """Map latents (N, L, h, w) to image and mask (N, 2, 4 h, 4 w)."""
        return self.autoencoder.decode(latent_sample)


def generator_parts(generator: TrainedGenerator, facts: Mapping[str, str]) -> dict[str, bytes]:
    """Content of every file of the folder but its index, by path.

    Args:
        generator: Networks and their spec.
        facts: Goes into the metadata of every ONNX part.
    """
    spec = generator.spec
    parts = {
        DENOISER: _denoiser_onnx(generator, facts),
        "unet/config.json": _json({"_class_name": "JointDenoiser", **spec.denoiser}),
        SCHEDULER: _json(scheduler_config(spec.objective)),
    }
    if spec.latent is None or generator.autoencoder is None:
        return parts
    latent = spec.latent
    side = torch.export.Dim("height4"), torch.export.Dim("width4")
    batch = torch.export.Dim("batch")
    channels = latent.image_channels + latent.mask_channels
    parts[DECODER] = _onnx(
        LatentDecoder(generator.autoencoder),
        {"latent_sample": torch.randn(2, channels, 10, 12)},
        {"latent_sample": {0: batch, 2: side[0], 3: side[1]}},
        "sample",
        {"part": DECODER, **facts},
    )
    parts[ENCODER] = _onnx(
        LatentEncoder(generator.autoencoder),
        {"sample": torch.randn(2, 2, 40, 48)},
        {"sample": {0: batch, 2: latent.factor * side[0], 3: latent.factor * side[1]}},
        "latent_parameters",
        {"part": ENCODER, **facts},
    )
    parts["vae/config.json"] = _json(
        {
            "_class_name": "PairAutoencoder",
            **latent.autoencoder,
            "latents_mean": list(latent.mean),
            "latents_std": list(latent.std),
        }
    )
    return parts


def _denoiser_onnx(generator: TrainedGenerator, facts: Mapping[str, str]) -> bytes:
    spec = generator.spec
    multiple = 2 ** (len(spec.denoiser["widths"]) - 1)
    batch = torch.export.Dim("batch")
    sides = {
        2: multiple * torch.export.Dim("rows"),
        3: multiple * torch.export.Dim("columns"),
    }
    conditions = len(spec.conditions)
    # A batch of one and equal sides would be taken for constants.
    inputs = {
        "sample": torch.randn(2, spec.sample_shape[0], 4 * multiple, 6 * multiple),
        "timestep": torch.rand(2, 2),
        "condition": torch.randn(2, conditions),
        "given": torch.ones(2, conditions),
    }
    shapes: dict[str, Any] = {name: {0: batch} for name in inputs}
    shapes["sample"] = {0: batch, **sides}
    return _onnx(generator.denoiser, inputs, shapes, "out_sample", {"part": DENOISER, **facts})


def _onnx(
    network: nn.Module,
    inputs: Mapping[str, Tensor],
    shapes: Mapping[str, Any],
    output: str,
    metadata: Mapping[str, str],
) -> bytes:
    """One component as a self-contained ONNX file with free batch and size."""
    with quiet_exporter():
        program = torch.onnx.export(
            network.eval(),
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=[output],
            dynamo=True,
            dynamic_shapes=tuple(shapes.values()),
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    _strip_source_paths(model)
    _store_in_half(model)
    onnx.helper.set_model_props(model, {"schema": PART_SCHEMA, **metadata})
    onnx.checker.check_model(model, full_check=True)
    _require_free_sides(model, inputs)
    serialised: bytes = model.SerializeToString()
    return serialised


def _store_in_half(model: onnx.ModelProto) -> None:
    """Keep weights that lose nothing in half precision as such; they are widened when loaded."""
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        half = values.astype(np.float16)
        if values.size < SMALL or not (half.astype(np.float32) == values).all():
            continue
        stored = f"{tensor.name}.half"
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(half, stored))
        casts.append(helper.make_node("Cast", [stored], [tensor.name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _require_free_sides(model: onnx.ModelProto, inputs: Mapping[str, Tensor]) -> None:
    """Refuse a graph whose batch or sides were taken for constants by the exporter."""
    for value in model.graph.input:
        dimensions = value.type.tensor_type.shape.dim
        free = [axis for axis, dimension in enumerate(dimensions) if dimension.dim_param]
        wanted = [0, 2, 3] if inputs[value.name].ndim == 4 else [0]
        if free != wanted:
            raise ParityError(
                f"{value.name}: axes {free} are free in the graph, not {wanted}; the network "
                "reads its sizes as constants somewhere",
                code="fixed_size",
            )


def _strip_source_paths(model: onnx.ModelProto) -> None:
    """Take away the exporter's notes, which hold the paths of this machine."""
    graph = model.graph
    del model.metadata_props[:]
    for part in (*graph.node, *graph.value_info, *graph.initializer, *graph.input,
                 *graph.output, graph):  # fmt: skip
        del part.metadata_props[:]


def _json(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, indent=1) + "\n").encode("utf-8")
