"""The torch-free runtime: an ONNX segmenter that is opened once and run often."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callosal.export.contract import SegmenterContract
from callosal.export.devices import (
    PROVIDERS,
    Device,
    Placement,
    import_onnxruntime,
    place,
    provider_options,
    usable_cores,
)
from callosal.models.errors import DeviceError, ModelFileError

# The largest shipped network is below 10 MB; no segmenter of slices has a gigabyte.
MAX_MODEL_BYTES = 1 << 30
MIN_SIDE = 64
_WARM_SIDE = 512
_LFS_POINTER = b"version https://git-lfs"
SPIN_US = "20"
"""Microseconds that a worker waits for the next operator before it sleeps; see
docs/reference/speed.md."""
RECORDS = (".json", ".parity.json")
"""Files beside a model that hold its hash: the record of its model card, its export report."""


@dataclass(frozen=True, eq=False)
class Segmenter:
    """An opened segmenter.

    Attributes:
        contract: Metadata of the file.
        sha256: Hash of the file.
        provider: The execution provider that runs it.
        session: The onnxruntime session.
        reason: Reason for that provider, in words.
        threads: Threads of the CPU provider.
    """

    contract: SegmenterContract
    sha256: str
    provider: str
    session: Any
    reason: str = ""
    threads: int = 1

    @property
    def placement(self) -> dict[str, Any]:
        """Provider and reason, for the record of a run."""
        return {"provider": self.provider, "reason": self.reason, "threads": self.threads}

    def probability(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Callosum probability of each pixel.

        Args:
            images: Raw intensities at `contract.spacing_mm`, float32, shape (N, 1, H, W), H and
                W of at least 64.

        Returns:
            Probabilities in [0, 1], shape (N, 1, H, W).

        Raises:
            ValueError: Shape or type is wrong, or a value is not finite.
        """
        if images.ndim != 4 or images.shape[1] != 1 or min(images.shape[2:]) < MIN_SIDE:
            raise ValueError(
                f"images must have shape (N, 1, H, W) with sides from {MIN_SIDE}: {images.shape}"
            )
        if images.dtype != np.float32 or not np.isfinite(images).all():
            raise ValueError("images must be finite float32")
        probability: NDArray[np.float32] = self._run(np.ascontiguousarray(images))
        return probability

    def warm_up(self, height: int, width: int) -> None:
        """Run once on zeros, so that the first case does not pay for loading kernels."""
        self.probability(np.zeros((1, 1, height, width), np.float32))

    def _run(self, images: NDArray[np.float32]) -> Any:
        if self.provider not in (PROVIDERS["cuda"], PROVIDERS["tensorrt"]):
            return self.session.run(None, {"image": images})[0]
        # Bound, each array crosses to and from the device once.
        binding = self.session.io_binding()
        binding.bind_cpu_input("image", images)
        binding.bind_output("probability", "cuda")
        self.session.run_with_iobinding(binding)
        return binding.copy_outputs_to_cpu()[0]


def open_segmenter(path: Path, device: Device = "auto", threads: int | None = None) -> Segmenter:
    """Open an ONNX segmenter.

    Args:
        path: File written by `callosal export`.
        device: "auto" takes CUDA if it works and else the CPU; any other is used or refused.
        threads: Threads of the CPU provider; by default the cores this process may use.

    Raises:
        ModelFileError: The file is missing, too large, no ONNX, keeps weights outside of itself
            does not keep the contract or has another hash than the record beside it.
        DeviceError: The device or onnxruntime is not there.
    """
    content = _read(path)
    sha256 = hashlib.sha256(content).hexdigest()
    _check_records(path, sha256)
    placement = place(device)
    count = threads or usable_cores()
    session = open_session(content, list(placement.providers), count, path.name)
    metadata = session.get_modelmeta().custom_metadata_map
    contract = SegmenterContract.from_metadata(metadata, path.name)
    provider = session.get_providers()[0]
    reason = _told(device, placement, provider)
    segmenter = Segmenter(contract, sha256, provider, session, reason, count)
    if provider != PROVIDERS["cpu"]:
        segmenter.warm_up(_WARM_SIDE, _WARM_SIDE)
    return segmenter


def _told(device: Device, placement: Placement, provider: str) -> str:
    """Reason for a provider; a fallback is refused or reported.

    Raises:
        DeviceError: onnxruntime fell back although a device was requested by name.
    """
    if provider == placement.providers[0]:
        return placement.reason
    if device != "auto":
        raise DeviceError(
            f"--device {device}: onnxruntime fell back to {provider}; run `callosal doctor`, or "
            "ask for --device auto",
            code="device_unusable",
        )
    return f"{placement.reason}, but it could not be opened"


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
    # Slices of many sizes: a plan of memory for each costs 30 MB and saves no time (measured).
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    # Between two operators a worker waits for less than it takes to wake it. Longer, it would keep
    # a core that the readers of the next case need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry("session.intra_op.spin_duration_us", SPIN_US)
    try:
        session = onnxruntime.InferenceSession(
            content,
            options,
            providers=[(provider, provider_options(provider)) for provider in providers],
        )
    except Exception as error:
        # onnxruntime has no public base error; any error here means that the file is unusable.
        reason = load_fault(f"{type(error).__name__}: {error}", onnxruntime.__version__)
        raise ModelFileError(f"{file_name}: {reason}", code="bad_model_file") from error
    session.disable_fallback()
    return session


def load_fault(message: str, version: str) -> str:
    """Why onnxruntime refuses a file, and what to do, in one line without its source lines.

    Args:
        message: What it said, behind the name of its error.
        version: The version of onnxruntime.

    >>> load_fault("Fail: Unsupported model IR version: 99, max supported IR version: 14", "1.31")
    'has ONNX IR version 99, onnxruntime 1.31 reads up to 14; update it, or export an older one'
    """
    mend = "update it, or export an older one"
    revision = re.search(r"IR version: (\d+), max supported IR version: (\d+)", message)
    opset = re.search(r"Opset (\d+) is under development", message)
    operator = re.search(r"No Op registered for (\w+) with domain_version of (\d+)", message)
    domain = re.search(r"No opset import for domain '(.*?)'", message)
    if revision:
        newest = f"onnxruntime {version} reads up to {revision[2]}"
        return f"has ONNX IR version {revision[1]}, {newest}; {mend}"
    if opset:
        return f"has opset {opset[1]}, which onnxruntime {version} does not know yet; {mend}"
    if operator:
        what = f"the operator {operator[1]} in opset {operator[2]}"
        return f"needs {what}, which onnxruntime {version} does not have; {mend}"
    if domain:
        return f"needs operators of the domain {domain[1]!r}; only those of ONNX are run"
    if "xternal data" in message:
        return "keeps weights outside of itself; save it as one self-contained ONNX file"
    if "rotobuf" in message:
        return "is no ONNX file, or was cut short; copy it again"
    return f"onnxruntime {version} cannot load it ({message.partition(':')[0]})"


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
    content = path.read_bytes()
    if content.startswith(_LFS_POINTER):
        raise ModelFileError(
            f"{path.name}: a pointer of git LFS to a file that is not here; run git lfs pull",
            code="bad_model_file",
        )
    return content


def _check_records(path: Path, sha256: str) -> None:
    """Compare with the hash in the files beside the model, if any."""
    for suffix in RECORDS:
        record = path.with_suffix(suffix)
        try:
            fields = json.loads(record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        stated = fields.get("sha256") if isinstance(fields, dict) else None
        if stated is not None and stated != sha256:
            raise ModelFileError(
                f"{path.name}: its hash {sha256[:12]} is not the one in {record.name} "
                f"({str(stated)[:12]}); it was changed since it was written: get it again",
                code="tampered_model",
            )
