"""An exported network in eight-bit integers, for CPUs."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    qdq_loss_debug,
    quant_pre_process,
    quantize_static,
)

from callosal.export.graph import outside_of_network

Precision = Literal["fp32", "fp16", "int8"]

LEAST_SQNR_DB = 15.0
"""Signal to quantisation noise below which a layer stays in float (eight even bits give 40)."""

_PROBE_SIDE = 192


class Calibration(CalibrationDataReader):  # type: ignore[misc]  # untyped library
    """Slices one by one, as the quantiser requests them."""

    def __init__(self, images: Sequence[NDArray[np.float32]]) -> None:
        self._images: Iterator[NDArray[np.float32]] = iter(images)

    def get_next(self) -> Mapping[str, NDArray[np.float32]] | None:
        """The next slice as the network's input; None at the end."""
        image = next(self._images, None)
        return None if image is None else {"image": image[None, None]}


def write_int8(
    source: Path, target: Path, images: Sequence[NDArray[np.float32]]
) -> tuple[str, ...]:
    """Quantise weights and activations to eight bits, per channel, except in sensitive layers.

    Ranges come from calibration slices. Normalisation, last layer and probability stay in float,
    and so does each layer whose activations lose more than `LEAST_SQNR_DB` allows.

    Args:
        source: Float graph.
        target: Quantised graph (quantise and dequantise nodes around float operators).
        images: Slices (H, W), raw intensities; some of every scanner the network will meet.

    Returns:
        Names of the layers kept in float because of their error.
    """
    # The quantiser warns of every operator that it leaves alone.
    logging.getLogger().setLevel(logging.ERROR)
    prepared = target.with_suffix(".prepared.onnx")
    try:
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        outside = outside_of_network(onnx.load(str(prepared)))
        _quantise(prepared, target, images, outside)
        sensitive = _sensitive_layers(prepared, target, images)
        if sensitive:
            _quantise(prepared, target, images, [*outside, *sensitive])
    finally:
        prepared.unlink(missing_ok=True)
    return sensitive


def _quantise(
    source: Path, target: Path, images: Sequence[NDArray[np.float32]], excluded: Sequence[str]
) -> None:
    quantize_static(
        str(source),
        str(target),
        Calibration(images),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        # Seven bits of each weight: x86 processors without VNNI add pairs of products in sixteen
        # bits, which eight would overflow. Dice is equal to 1e-4.
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=list(excluded),
    )


def _sensitive_layers(
    source: Path, quantised: Path, images: Sequence[NDArray[np.float32]]
) -> tuple[str, ...]:
    """Layers whose quantised activations are far from their own input, on one slice."""
    probe = [_middle(image) for image in images[:1]]
    recorded: list[dict[str, Any]] = []
    for path in (source, quantised):
        recording = path.with_suffix(".recording.onnx")
        try:
            qdq_loss_debug.modify_model_output_intermediate_tensors(str(path), str(recording))
            recorded.append(qdq_loss_debug.collect_activations(str(recording), Calibration(probe)))
        finally:
            recording.unlink(missing_ok=True)
    matched = qdq_loss_debug.create_activation_matching(recorded[1], recorded[0])
    errors = qdq_loss_debug.compute_activation_error(matched)
    poor = {name for name, error in errors.items() if error["qdq_err"] < LEAST_SQNR_DB}
    nodes = onnx.load(str(source)).graph.node
    return tuple(node.name for node in nodes if poor & set(node.output))


def _middle(image: NDArray[np.float32]) -> NDArray[np.float32]:
    top, left = (max(0, (side - _PROBE_SIDE) // 2) for side in image.shape)
    return image[top : top + _PROBE_SIDE, left : left + _PROBE_SIDE]
