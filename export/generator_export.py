"""From a generator's checkpoint to a folder in the diffusers layout, or to no folder at all."""

import hashlib
import io
import json
import secrets
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from callosal.export.generator_folder import (
    DECODER,
    DENOISER,
    ENCODER,
    INDEX,
    SCHEDULER,
    Sampling,
    index_content,
)
from callosal.export.generator_parity import GeneratorParity, measure_generator_parity
from callosal.export.generator_runtime import open_generator
from callosal.export.onnx_export import OPSET, file_sha256
from callosal.export.schedule import scheduler_config
from callosal.models.errors import InputError
from callosal.models.generation.autoencoder import PairAutoencoder
from callosal.models.generation.checkpoint import Generator, load_generator
from callosal.models.generation.spec import GeneratorSpec

PART_SCHEMA = "callosal/generator-part/1"


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


def export_generator(
    checkpoint: Path,
    output: Path,
    *,
    name: str,
    steps: int = 20,
    guidance: float = 1.5,
    sampler: str | None = None,
) -> GeneratorParity:
    """Write a generator's folder, check it against torch, and only then give it its name.

    Args:
        checkpoint: Lightning checkpoint of a generator.
        output: Folder to write; a generator that lies there is replaced.
        name: Short name for the index.
        steps: Steps that it is to be sampled in.
        guidance: Scale of the guidance where conditions are asked for.
        sampler: Algorithm; by default Euler for a flow, else DPM-Solver++.

    Raises:
        InputError: The checkpoint cannot be used, or the folder holds something else.
        ParityError: The folder does not give the network's numbers; none is left behind.
    """
    _require_replaceable(output)
    generator = load_generator(checkpoint)
    sampling = Sampling(sampler or _usual_sampler(generator.spec), steps, guidance)
    facts = {
        "checkpoint_sha256": file_sha256(checkpoint),
        "config_sha256": _config_sha256(generator.spec),
        "version": version("callosal"),
    }
    parts = generator_parts(generator, facts)
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{secrets.token_hex(4)}.{output.name}")
    try:
        _write(temporary, parts)
        spec = generator.spec
        (temporary / INDEX).write_bytes(
            index_content(name, spec, sampling, parts, {"parity": {}, **facts})
        )
        parity = measure_generator_parity(generator, open_generator(temporary, "cpu"), sampling)
        parity.require(output.name)
        (temporary / INDEX).write_bytes(
            index_content(name, spec, sampling, parts, {"parity": parity.figures(), **facts})
        )
        if output.exists():
            shutil.rmtree(output)
        temporary.replace(output)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return parity


def _usual_sampler(spec: GeneratorSpec) -> str:
    return "euler_flow" if spec.objective == "rectified_flow" else "dpm_solver_pp_2m"


def generator_parts(generator: Generator, facts: Mapping[str, str]) -> dict[str, bytes]:
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


def _denoiser_onnx(generator: Generator, facts: Mapping[str, str]) -> bytes:
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
    stream = io.BytesIO()
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
    onnx.helper.set_model_props(model, {"schema": PART_SCHEMA, **metadata})
    onnx.checker.check_model(model, full_check=True)
    _require_free_sides(model, inputs)
    stream.write(model.SerializeToString())
    return stream.getvalue()


def _require_free_sides(model: onnx.ModelProto, inputs: Mapping[str, Tensor]) -> None:
    """Refuse a graph whose batch or sides were taken for constants by the exporter."""
    for value in model.graph.input:
        dimensions = value.type.tensor_type.shape.dim
        free = [axis for axis, dimension in enumerate(dimensions) if dimension.dim_param]
        wanted = [0, 2, 3] if inputs[value.name].ndim == 4 else [0]
        if free != wanted:
            raise InputError(
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


def _write(folder: Path, parts: Mapping[str, bytes]) -> None:
    for path, content in parts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def _json(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, indent=1) + "\n").encode("utf-8")


def _config_sha256(spec: GeneratorSpec) -> str:
    return hashlib.sha256(json.dumps(spec.to_dict(), sort_keys=True).encode()).hexdigest()


def _require_replaceable(output: Path) -> None:
    if output.exists() and not (output / INDEX).is_file():
        raise InputError(
            f"--output {output.name}: exists and is no generator's folder; name a new folder",
            code="output_exists",
        )
