"""Export of a checkpoint to one ONNX file that keeps the contract."""

import copy
import hashlib
import json
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from callosal.export.accuracy import AngleOf, LabelledImage, Reduction, measure_reduction
from callosal.export.contract import SegmenterContract
from callosal.export.graph import check_graph, write_metadata
from callosal.export.graph_file import tidy_graph, write_graph
from callosal.export.parity import BATCHES, SIZES, Parity, measure_parity
from callosal.export.precision import Precision, write_int8
from callosal.export.vector_lanes import fill_vector_lanes
from callosal.models.normalisation import IN_WORDS
from callosal.models.segmentation_module import SegmentationModule
from callosal.models.segmenter_checkpoint import load_segmenter

_LOG = logging.getLogger(__name__)


class ProbabilityNetwork(nn.Module):
    """The exported graph, from raw intensities to probabilities."""

    def __init__(self, module: SegmentationModule) -> None:
        super().__init__()
        self.normalise = module.normalise
        self.net = module.net.to(memory_format=torch.contiguous_format)

    def forward(self, image: Tensor) -> Tensor:
        """Map raw intensities (N, 1, H, W) to probabilities (N, 1, H, W)."""
        return torch.sigmoid(self.net(self.normalise(image)))


class HalfNetwork(ProbabilityNetwork):
    """The graph with weights and sums in half precision, for GPUs.

    Normalisation and probability stay in float: raw intensities reach beyond what half precision
    holds, and the level set of the probability is traced to a fraction of a pixel.
    """

    def __init__(self, module: SegmentationModule) -> None:
        super().__init__(module)
        self.net = copy.deepcopy(self.net).half()

    def forward(self, image: Tensor) -> Tensor:
        """Map raw intensities (N, 1, H, W) to probabilities (N, 1, H, W), both in float."""
        return torch.sigmoid(self.net(self.normalise(image).half()).float())


@dataclass(frozen=True, eq=False)
class Slices:
    """Slices for checking an export.

    Attributes:
        parity: Slices (H, W) of raw intensities, at least one.
        calibration: Slices for eight-bit ranges; not those of `labelled`.
        labelled: Slices with masks, for the gates of the smaller precisions.
        angle_of: Plan angle in degrees of a probability map, None where it shows no callosum.
    """

    parity: Sequence[NDArray[np.float32]]
    calibration: Sequence[NDArray[np.float32]]
    labelled: Sequence[LabelledImage]
    angle_of: AngleOf


@dataclass(frozen=True, eq=False)
class Exported:
    """Measurements of an export: parity with torch, and the cost of a smaller precision."""

    parity: Parity
    reduction: Reduction | None

    def figures(self) -> dict[str, Any]:
        """The worst of each measure, for the metadata."""
        return {
            **self.parity.figures(),
            **({} if self.reduction is None else {"reduction": self.reduction.figures()}),
        }


def export_segmenter(
    checkpoint: Path,
    output: Path,
    *,
    name: str,
    training_data: str,
    slices: Slices,
    threshold: float = 0.5,
    precision: Precision = "fp32",
) -> Exported:
    """Write one ONNX file, check it against torch, and only then give it its name.

    Args:
        checkpoint: Lightning checkpoint of a SegmentationModule.
        output: The ONNX file to write.
        name: Short name that goes into the metadata.
        training_data: The data of the weights, with its terms. For fine-tuned weights, those of the
            starting model are added.
        slices: What it is checked with.
        threshold: Probability above which a pixel is callosum.
        precision: fp32; int8 for CPUs and fp16 for GPUs are made from it and must be as good.

    Raises:
        InputError: The checkpoint cannot be used.
        ParityError: The file differs from the network; no file is left behind.
    """
    module = load_segmenter(checkpoint)
    network = ProbabilityNetwork(module).eval()
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".export-") as folder:
        graph = Path(folder) / "fp32.onnx"
        _LOG.info("writing the graph")
        write_graph(fill_vector_lanes(network), graph)
        tidy_graph(graph)
        check_graph(graph, output.name)
        _LOG.info("comparing it with the network, %d shapes", len(SIZES) * len(BATCHES))
        parity = measure_parity(network, graph, slices.parity, slices.angle_of)
        parity.require(output.name)
        final, reduction = graph, None
        if precision != "fp32":
            _LOG.info("making it %s, and scoring it on %d slices", precision, len(slices.labelled))
            final, reduction = _reduce(module, graph, precision, slices)
            check_graph(final, output.name)
            reduction.require(output.name)
        exported = Exported(parity, reduction)
        contract = SegmenterContract(
            name=name,
            spacing_mm=module.spacing_mm,
            threshold=threshold,
            normalisation=IN_WORDS,
            training_data="; ".join(filter(None, (training_data, module.started_from))),
            checkpoint_sha256=file_sha256(checkpoint),
            config_sha256=_config_sha256(checkpoint),
            version=version("callosal"),
            parity=exported.figures(),
            precision=precision,
        )
        write_metadata(final, contract.to_metadata())
        final.replace(output)
    return exported


def _reduce(
    module: SegmentationModule, graph: Path, precision: Precision, slices: Slices
) -> tuple[Path, Reduction]:
    """The graph in a smaller precision, with its cost."""
    path = graph.with_name(f"{precision}.onnx")
    kept: tuple[str, ...] = ()
    if precision == "int8":
        kept = write_int8(graph, path, slices.calibration)
    else:
        write_graph(fill_vector_lanes(HalfNetwork(module).eval()), path)
    tidy_graph(path)
    reduction = measure_reduction(graph, path, precision, slices.labelled, slices.angle_of, kept)
    return path, reduction


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _config_sha256(checkpoint: Path) -> str:
    """Hash of the hyper-parameters that the checkpoint carries."""
    content = torch.load(checkpoint, map_location="cpu", weights_only=True)
    parameters = json.dumps(content.get("hyper_parameters"), sort_keys=True, default=str)
    return hashlib.sha256(parameters.encode()).hexdigest()
