"""Choice of the device, before a session is opened; a missing device is refused."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any, Literal

from callosal.models.errors import DeviceError

Device = Literal["auto", "coreml", "cpu", "cuda", "openvino", "tensorrt"]

PROVIDERS: dict[str, str] = {
    "coreml": "CoreMLExecutionProvider",
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}

WHEELS = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino")
"""Distributions of onnxruntime; all unpack into one folder, so only one may be installed."""


@dataclass(frozen=True)
class Placement:
    """Where a network runs.

    Attributes:
        providers: Execution providers, best first.
        reason: Reason for these, in words, for the record of the run.
    """

    providers: tuple[str, ...]
    reason: str


def import_onnxruntime() -> Any:
    """Import onnxruntime after a check of the installed distributions.

    Raises:
        DeviceError: No wheel is installed, or several, or a broken rest of one.
    """
    wheels = installed_wheels()
    if len(wheels) > 1:
        raise DeviceError(
            f"{' and '.join(wheels)} are installed together, so the GPU may vanish without a "
            f"word; run `pip uninstall -y {' '.join(wheels)}`, then `pip install '.[cpu]'` or "
            "'.[gpu]' in a clone (or the wheel with that extra)",
            code="two_runtimes",
        )
    try:
        import onnxruntime
    except ImportError as error:
        raise DeviceError(
            "onnxruntime is not installed; run `pip install '.[cpu]'` or '.[gpu]' in a clone (or "
            "install the wheel with that extra)",
            code="no_runtime",
        ) from error
    if not hasattr(onnxruntime, "InferenceSession"):
        raise DeviceError(
            "onnxruntime is a broken rest of an uninstall; run `pip install --force-reinstall "
            "onnxruntime` (or onnxruntime-gpu)",
            code="no_runtime",
        )
    # If it was imported earlier, it has read the environment already.
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def installed_wheels() -> tuple[str, ...]:
    """Names of the installed onnxruntime distributions."""
    found = []
    for name in WHEELS:
        try:
            distribution(name)
        except PackageNotFoundError:
            continue
        found.append(name)
    return tuple(found)


def installed_version(package: str) -> str | None:
    """Version of a package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def choose_providers(device: Device) -> list[str]:
    """Execution providers to ask for, best first; see `place`."""
    return list(place(device).providers)


def place(device: Device) -> Placement:
    """Decide where a network runs.

    `auto` takes CUDA if this onnxruntime has it and there is a device, else the CPU. Others must be
    requested by name: TensorRT because it builds an engine for minutes, CoreML because it computes
    in half precision, OpenVINO because its answers with eight-bit files differ by up to 0.04 in
    probability.

    Raises:
        DeviceError: This onnxruntime was built without the device, or this machine has no GPU.
    """
    onnxruntime = import_onnxruntime()
    available = tuple(onnxruntime.get_available_providers())
    if device == "auto":
        device, reason = _best(available)
    else:
        reason = f"--device {device} was asked for"
    wanted = PROVIDERS[device]
    if wanted not in available:
        raise DeviceError(
            f"--device {device}: this onnxruntime has no {wanted} (it has "
            f"{', '.join(available)}); {_MENDS[device]}",
            code="device_unavailable",
        )
    if device == "cpu":
        return Placement((wanted,), reason)
    if device in ("cuda", "tensorrt"):
        _require_gpu(device)
        _prepare_gpu(onnxruntime)
    # TensorRT leaves what it cannot build to CUDA, and both leave shapes to the CPU.
    between = (
        (PROVIDERS["cuda"],) if device == "tensorrt" and PROVIDERS["cuda"] in available else ()
    )
    return Placement((wanted, *between, PROVIDERS["cpu"]), reason)


_MENDS = {
    "coreml": "use the onnxruntime wheel for macOS on a Mac",
    "cpu": "install callosal[cpu]",
    "cuda": "install callosal[gpu] on a machine with a GPU",
    "tensorrt": "install callosal[gpu] on a machine with a GPU",
    "openvino": "install onnxruntime-openvino instead of onnxruntime",
}


def _best(available: Sequence[str]) -> tuple[Literal["cuda", "cpu"], str]:
    """The device that `auto` chooses, and why."""
    if PROVIDERS["cuda"] not in available:
        return "cpu", "auto: this onnxruntime is built without CUDA"
    if not cuda_device_present():
        return "cpu", "auto: no CUDA device is there"
    return "cuda", "auto: a CUDA device is there and this onnxruntime can use it"


def _require_gpu(device: str) -> None:
    if not cuda_device_present():
        raise DeviceError(
            f"--device {device}: the NVIDIA driver shows no device on this machine; ask for "
            "--device auto or cpu",
            code="device_unavailable",
        )


def _prepare_gpu(onnxruntime: Any) -> None:
    """Load CUDA's libraries without the messages of cuDNN."""
    # Real failures are raised; cuDNN logs each plan that it skips as an error.
    onnxruntime.set_default_logger_severity(4)
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()


def provider_options(provider: str) -> dict[str, str]:
    """Options with which a provider is opened.

    CUDA's exhaustive search for the fastest convolution starts again with every slice size and
    takes seconds each; the heuristic one is as fast afterwards. TF32 would round every product
    to ten bits: probabilities then differ from those of the CPU by 1e-3. TensorRT keeps its engines
    in the user's cache, because building one takes minutes. CoreML is given its newer format, which
    knows more operators, and all units of the chip.
    """
    if provider == PROVIDERS["cuda"]:
        return {"cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"}
    if provider == PROVIDERS["coreml"]:
        return {"ModelFormat": "MLProgram", "MLComputeUnits": "ALL"}
    if provider == PROVIDERS["tensorrt"]:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = cache / "callosal" / "tensorrt"
        folder.mkdir(parents=True, exist_ok=True)
        return {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(folder)}
    return {}


def cuda_device_present() -> bool:
    """Whether the NVIDIA driver shows a device; onnxruntime lists CUDA even without one."""
    return Path("/proc/driver/nvidia/version").exists() or os.name == "nt"


def usable_cores() -> int:
    """Cores this process may use: its affinity, and the cgroup's quota, if any."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, cgroup_cores(Path("/sys/fs/cgroup")) or cores or 1))


@lru_cache
def cgroup_cores(root: Path) -> int | None:
    """Cores that the quota of a control group allows, of version 2 or 1; None without a quota.

    Read once, because a case asks 150 times and quotas of running processes do not change.
    """
    try:
        limit, period = (root / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            limit = (root / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text()
        except OSError:
            return None
    try:
        quota, period_us = int(limit), int(period)
    except ValueError:
        return None
    return math.ceil(quota / period_us) if quota > 0 and period_us > 0 else None
