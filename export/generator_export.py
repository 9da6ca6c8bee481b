"""From a generator's checkpoint to a folder in the diffusers layout, or to no folder at all."""

import copy
import hashlib
import json
import logging
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import torch

from callosal.export.generator_folder import INDEX, SHAPE_MODEL, Sampling, index_content
from callosal.export.generator_graphs import generator_parts
from callosal.export.generator_parity import (
    GeneratorParity,
    measure_generator_parity,
    measure_rounding,
)
from callosal.export.generator_runtime import open_generator
from callosal.export.onnx_export import file_sha256
from callosal.export.precision import Precision
from callosal.models.errors import InputError
from callosal.models.generation.checkpoint import TrainedGenerator, load_generator
from callosal.models.generation.spec import GeneratorSpec

ENOUGH_FINISHED_IMAGES = 0.04
"""Share of training from which masks are estimated again.

With 7.5 % (`joint_share` 0.7) segmenters trained on such masks are as good as on drawn ones, with
2.5 % they were worse by 0.3 points.
"""

_LOG = logging.getLogger(__name__)


def export_generator(
    checkpoint: Path,
    output: Path,
    *,
    name: str,
    training_data: str | None = None,
    shape_model: bytes | None = None,
    precision: Precision = "fp32",
    steps: int = 20,
    guidance: float = 1.5,
) -> GeneratorParity:
    """Write a generator's folder, check it against torch, and only then give it its name.

    A generator that has seen enough finished images beside noisy masks is to estimate the mask of
    each sample again from its image, which takes two more runs of the network.

    Args:
        checkpoint: Lightning checkpoint of a generator.
        output: Folder to write; a generator that lies there is replaced.
        name: Short name for the index.
        training_data: Which data the weights come from, with its terms; by default what the
            checkpoint says.
        shape_model: Content of a shape model of masks that goes with the generator.
        precision: fp32; or fp16, which rounds the weights to half precision and halves the files,
            while all is computed in single precision as before.
        steps: Steps that it is to be sampled in.
        guidance: Scale of the guidance where conditions are asked for.

    Raises:
        InputError: The checkpoint cannot be used, or the folder holds something else.
        ParityError: The folder does not give the network's numbers; none is left behind.
    """
    _require_replaceable(output)
    trained = load_generator(checkpoint)
    if training_data is not None:
        trained = replace(trained, spec=replace(trained.spec, training_data=training_data))
    generator = _in_precision(trained, precision)
    sampling = Sampling(
        _usual_sampler(generator.spec),
        steps,
        guidance,
        mask_from_image=generator.share_of_finished_images >= ENOUGH_FINISHED_IMAGES,
    )
    facts = {
        "checkpoint_sha256": file_sha256(checkpoint),
        "config_sha256": _config_sha256(generator.spec),
        "version": version("callosal"),
        "precision": precision,
    }
    _LOG.info("writing the graphs")
    parts = generator_parts(generator, facts)
    if shape_model is not None:
        parts[SHAPE_MODEL] = shape_model
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{secrets.token_hex(4)}.{output.name}")
    try:
        _write(temporary, parts)
        spec = generator.spec
        (temporary / INDEX).write_bytes(
            index_content(name, spec, sampling, parts, {"parity": {}, **facts})
        )
        _LOG.info("comparing them with the networks, one whole sampling too")
        parity = measure_generator_parity(generator, open_generator(temporary, "cpu"), sampling)
        if precision != "fp32":
            parity = replace(parity, rounding=measure_rounding(trained, generator, sampling))
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


def _in_precision(trained: TrainedGenerator, precision: Precision) -> TrainedGenerator:
    """The same generator with the weights that its files will hold."""
    if precision == "fp32":
        return trained
    if precision != "fp16":
        raise InputError(
            f"--precision {precision}: a generator is exported as fp32 or fp16", code="wrong_usage"
        )
    rounded = copy.deepcopy(trained)
    networks = [net for net in (rounded.denoiser, rounded.autoencoder) if net is not None]
    with torch.no_grad():
        for network in networks:
            for weight in network.parameters():
                weight.copy_(weight.half().float())
    return rounded


def _usual_sampler(spec: GeneratorSpec) -> str:
    return "euler_flow" if spec.objective == "rectified_flow" else "dpm_solver_pp_2m"


def _write(folder: Path, parts: Mapping[str, bytes]) -> None:
    for path, content in parts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def _config_sha256(spec: GeneratorSpec) -> str:
    return hashlib.sha256(json.dumps(spec.to_dict(), sort_keys=True).encode()).hexdigest()


def _require_replaceable(output: Path) -> None:
    if output.exists() and not (output / INDEX).is_file():
        raise InputError(
            f"--output {output.name}: exists and is no generator's folder; name a new folder",
            code="output_exists",
        )
