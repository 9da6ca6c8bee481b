"""From a checkpoint to one ONNX file that keeps the contract."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from callosal.export.contract import SegmenterContract
from callosal.export.parity import Parity, measure_parity
from callosal.models.errors import InputError
from callosal.models.normalisation import IN_WORDS
from callosal.models.segmentation_module import SegmentationModule

OPSET = 20


class ProbabilityNetwork(nn.Module):
    """The whole way from raw intensities to probabilities, as it is exported."""

    def __init__(self, module: SegmentationModule) -> None:
        super().__init__()
        self.normalise = module.normalise
        self.net = module.net.to(memory_format=torch.contiguous_format)

    def forward(self, image: Tensor) -> Tensor:
        """Map raw intensities (N, 1, H, W) to probabilities (N, 1, H, W)."""
        return torch.sigmoid(self.net(self.normalise(image)))


def load_checkpoint(path: Path) -> SegmentationModule:
    """Load the averaged weights of a training run, without unpickling code.

    Raises:
        InputError: The file is no checkpoint of a SegmentationModule.
    """
    try:
        module = SegmentationModule.load_from_checkpoint(
            path, map_location="cpu", weights_only=True
        )
    except Exception as error:
        # Torch and Lightning raise many kinds here; all mean that the file is of no use.
        raise InputError(
            f"{path.name}: not a checkpoint of a segmenter ({type(error).__name__}: "
            f"{str(error).splitlines()[0] if str(error) else 'no message'})",
            code="bad_checkpoint",
        ) from error
    return module.eval()


def export_segmenter(
    checkpoint: Path,
    output: Path,
    *,
    name: str,
    training_data: str,
    images: Sequence[NDArray[np.float32]],
    threshold: float = 0.5,
) -> Parity:
    """Write one ONNX file, check it against torch, and only then give it its name.

    Args:
        checkpoint: Lightning checkpoint of a SegmentationModule.
        output: The ONNX file to write.
        name: Short name that goes into the metadata.
        training_data: Which data the weights come from, with its terms.
        images: Raw slices (H, W) for the parity check, at least one.
        threshold: Probability above which a pixel is callosum.

    Raises:
        InputError: The checkpoint cannot be used.
        ParityError: The file does not give the network's numbers; no file is left behind.
    """
    module = load_checkpoint(checkpoint)
    network = ProbabilityNetwork(module).eval()
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{secrets.token_hex(4)}.{output.name}")
    try:
        _write_graph(network, temporary)
        parity = measure_parity(network, temporary, images)
        parity.require(output.name)
        contract = SegmenterContract(
            name=name,
            spacing_mm=module.spacing_mm,
            threshold=threshold,
            normalisation=IN_WORDS,
            training_data=training_data,
            checkpoint_sha256=file_sha256(checkpoint),
            config_sha256=_config_sha256(checkpoint),
            version=version("callosal"),
            parity=parity.figures(),
        )
        _write_metadata(temporary, contract.to_metadata())
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    return parity


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_graph(network: nn.Module, path: Path) -> None:
    """Export with free N, H and W into one file."""
    # A batch of one and equal sides would be taken for constants.
    example = torch.rand(2, 1, 200, 173) * 100
    names = {0: "batch", 2: "height", 3: "width"}
    dimensions = {axis: torch.export.Dim(text) for axis, text in names.items()}
    torch.onnx.export(
        network,
        (example,),
        str(path),
        input_names=["image"],
        output_names=["probability"],
        dynamo=True,
        dynamic_shapes={"image": dimensions},
        opset_version=OPSET,
        external_data=False,
        verbose=False,
    )


def _write_metadata(path: Path, metadata: dict[str, str]) -> None:
    model = onnx.load(str(path))
    for dimension, text in zip((0, 2, 3), ("batch", "height", "width"), strict=True):
        model.graph.output[0].type.tensor_type.shape.dim[dimension].dim_param = text
    del model.metadata_props[:]
    # The exporter notes source lines with the paths of this machine on every node.
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.initializer,
                 *model.graph.input, *model.graph.output, model.graph):  # fmt: skip
        del part.metadata_props[:]
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def _config_sha256(checkpoint: Path) -> str:
    """Hash of the hyper-parameters that the checkpoint carries."""
    content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    parameters = json.dumps(content.get("hyper_parameters"), sort_keys=True, default=str)
    return hashlib.sha256(parameters.encode()).hexdigest()
