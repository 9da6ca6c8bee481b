"""Which device runs a network, decided before a session is opened and refused when absent."""

import math
import os
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Literal

from callosal.models.errors import DeviceError

Device = Literal["auto", "cpu", "cuda", "tensorrt"]

PROVIDERS: dict[str, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}


def import_onnxruntime() -> Any:
    """Import onnxruntime, after a look at what is installed.

    Raises:
        DeviceError: Neither wheel, or both wheels, or a broken rest of one is installed.
    """
    wheels = installed_wheels()
    if len(wheels) == 2:
        raise DeviceError(
            "onnxruntime and onnxruntime-gpu are both installed, so the GPU may vanish without a "
            "word; run `pip uninstall -y onnxruntime onnxruntime-gpu`, then install "
            "callosal[cpu] or callosal[gpu]",
            code="two_runtimes",
        )
    try:
        import onnxruntime
    except ImportError as error:
        raise DeviceError(
            "onnxruntime is not installed; install callosal[cpu] or callosal[gpu]",
            code="no_runtime",
        ) from error
    if not hasattr(onnxruntime, "InferenceSession"):
        raise DeviceError(
            "onnxruntime is a broken rest of an uninstall; run `pip install --force-reinstall "
            "onnxruntime` (or onnxruntime-gpu)",
            code="no_runtime",
        )
    return onnxruntime


def installed_wheels() -> tuple[str, ...]:
    """Names of the installed onnxruntime distributions."""
    found = []
    for name in ("onnxruntime", "onnxruntime-gpu"):
        try:
            distribution(name)
        except PackageNotFoundError:
            continue
        found.append(name)
    return tuple(found)


def choose_providers(device: Device) -> list[str]:
    """Execution providers to ask for, best first.

    Raises:
        DeviceError: The device is not among what this onnxruntime was built with.
    """
    onnxruntime = import_onnxruntime()
    available = onnxruntime.get_available_providers()
    if device == "auto":
        device = "cuda" if cuda_device_present() and PROVIDERS["cuda"] in available else "cpu"
    wanted = PROVIDERS[device]
    if wanted not in available:
        raise DeviceError(
            f"--device {device}: this onnxruntime has no {wanted} (it has "
            f"{', '.join(available)}); install callosal[gpu] on a machine with a GPU",
            code="device_unavailable",
        )
    if device == "cpu":
        return [wanted]
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()
    return [wanted, PROVIDERS["cpu"]]


def cuda_device_present() -> bool:
    """Whether the NVIDIA driver shows a device; onnxruntime lists CUDA even without one."""
    return Path("/proc/driver/nvidia/version").exists() or os.name == "nt"


def usable_cores() -> int:
    """Cores this process may use: its affinity, and the cgroup's quota where there is one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = Path("/sys/fs/cgroup/cpu.max")
    try:
        limit, period = quota.read_text().split()
        allowed = math.ceil(int(limit) / int(period))
    except (OSError, ValueError):
        allowed = cores or 1
    return max(1, min(cores or 1, allowed))
