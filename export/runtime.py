"""The torch-free runtime: an ONNX segmenter that is opened once and asked often."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callosal.export.contract import SegmenterContract
from callosal.export.devices import Device, choose_providers, import_onnxruntime, usable_cores
from callosal.models.errors import DeviceError, ModelFileError

# The largest shipped network is below 10 MB; a gigabyte is no segmenter of slices.
MAX_MODEL_BYTES = 1 << 30
MIN_SIDE = 64


@dataclass(frozen=True, eq=False)
class Segmenter:
    """An opened segmenter.

    Attributes:
        contract: What the file says of itself.
        sha256: Hash of the file.
        provider: The execution provider that runs it.
        session: The onnxruntime session.
    """

    contract: SegmenterContract
    sha256: str
    provider: str
    session: Any

    def probability(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Callosum probability of each pixel.

        Args:
            images: Raw intensities at `contract.spacing_mm`, float32, shape (N, 1, H, W), H and
                W of at least 64.

        Returns:
            Probabilities in [0, 1], shape (N, 1, H, W).

        Raises:
            ValueError: The shape or type is another one, or a value is not finite.
        """
        if images.ndim != 4 or images.shape[1] != 1 or min(images.shape[2:]) < MIN_SIDE:
            raise ValueError(
                f"images must have shape (N, 1, H, W) with sides from {MIN_SIDE}: {images.shape}"
            )
        if images.dtype != np.float32 or not np.isfinite(images).all():
            raise ValueError("images must be finite float32")
        (answer,) = self.session.run(None, {"image": np.ascontiguousarray(images)})
        probability: NDArray[np.float32] = answer
        return probability


def open_segmenter(path: Path, device: Device = "auto", threads: int | None = None) -> Segmenter:
    """Open an ONNX segmenter.

    Args:
        path: File written by `callosal export`.
        device: "auto" takes CUDA where it works and else the CPU; any other is used or refused.
        threads: Threads of the CPU provider; by default the cores this process may use.

    Raises:
        ModelFileError: The file is missing, too large, no ONNX, keeps weights outside of itself
            or does not keep the contract.
        DeviceError: The device or onnxruntime is not there.
    """
    content = _read(path)
    providers = choose_providers(device)
    session = open_session(content, providers, threads or usable_cores(), path.name)
    metadata = session.get_modelmeta().custom_metadata_map
    contract = SegmenterContract.from_metadata(metadata, path.name)
    provider = session.get_providers()[0]
    if device not in ("auto", "cpu") and provider != providers[0]:
        raise DeviceError(
            f"--device {device}: onnxruntime fell back to {provider}; run `callosal doctor`, or "
            "ask for --device auto",
            code="device_unusable",
        )
    return Segmenter(contract, hashlib.sha256(content).hexdigest(), provider, session)


def open_session(
    content: bytes, providers: list[str], threads: int, file_name: str = "model"
) -> Any:
    """Open an onnxruntime session from the bytes of a file.

    Bytes, not a path: weights outside of the file then cannot be read, wherever they point.

    Raises:
        ModelFileError: onnxruntime cannot load the bytes.
    """
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Idle workers would spin on cores that the readers of the next case need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(content, options, providers=providers)
    except Exception as error:
        # onnxruntime has no public error base; whatever it raises here, the file is of no use.
        raise ModelFileError(
            f"{file_name}: onnxruntime cannot load it ({type(error).__name__}); it has to be one "
            "self-contained ONNX file",
            code="bad_model_file",
        ) from error
    session.disable_fallback()
    return session


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise ModelFileError(
            f"{path}: no such model file; `callosal models` lists what ships", code="no_model"
        )
    if path.stat().st_size > MAX_MODEL_BYTES:
        raise ModelFileError(
            f"{path.name}: {path.stat().st_size} bytes are over the limit of {MAX_MODEL_BYTES}",
            code="model_too_large",
        )
    return path.read_bytes()
