"""The number format that a training run computes in: bfloat16 where it is faster, else float32."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pytorch_lightning as pl
import torch
from torch.nn.functional import conv2d

AUTO: Final = "auto"
CPU_UNITS: Final = ("amx_bf16", "avx512_bf16", "bf16")
"""Flags of processors that multiply bfloat16 (x86 tiles, x86 vectors, Arm)."""

_Precision = Literal[
    "auto", 64, 32, 16, "64", "32", "16", "bf16", "16-true", "16-mixed", "bf16-true", "bf16-mixed",
    "32-true", "64-true", "transformer-engine", "transformer-engine-float16",
]  # fmt: skip
"""What Lightning knows, whose own type is private, and `auto`."""

_CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class PrecisionChoice:
    """The precision of a run.

    Attributes:
        name: As Lightning has it: "bf16-mixed" or "32-true".
        reason: Why, in words.
    """

    name: Literal["bf16-mixed", "32-true"]
    reason: str


class RunTrainer(pl.Trainer):
    """Lightning's trainer, which may choose the precision itself.

    Args:
        precision: `auto` takes bf16-mixed where the processor or GPU has units for it, else
            32-true. Every other value is Lightning's.
        kwargs: As of Lightning's trainer.

    Attributes:
        precision_reason: One line that says which precision and why.
    """

    def __init__(self, *, precision: _Precision | None = AUTO, **kwargs: Any) -> None:
        device = device_kind(kwargs.get("accelerator", AUTO))
        if precision == AUTO:
            choice = choose_precision(device)
            precision, reason = choice.name, f"auto: {choice.reason}"
        else:
            reason = "as the config says" + _warning(precision, device)
        super().__init__(precision=precision, **kwargs)
        self.precision_reason = f"precision {self.precision} ({reason})"


def device_kind(accelerator: object) -> str:
    """The kind of device that Lightning takes for an accelerator: cuda, mps or cpu."""
    if accelerator in ("auto", "gpu"):
        if torch.backends.mps.is_available():
            return "mps"
        return "cuda" if torch.cuda.is_available() else "cpu"
    return str(accelerator)


def choose_precision(device: str) -> PrecisionChoice:
    """bfloat16 where a device has units for it and is faster with them, else float32.

    Without units a CPU converts each number back and forth: a step of the attention U-Net then
    takes eight to nine times as long as in float32.

    Args:
        device: cuda, mps or cpu; others compute in float32.
    """
    if device == "cuda":
        # An older GPU emulates it and is slower for it.
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return PrecisionChoice("bf16-mixed", "this GPU has units for bf16")
        return PrecisionChoice("32-true", "this GPU has no units for bf16")
    if device != "cpu":
        return PrecisionChoice("32-true", f"bf16 is not used on {device}")
    unit = cpu_unit(cpu_flags())
    if unit is None:
        return PrecisionChoice("32-true", "this CPU has no units for bf16")
    ratio = bf16_time_ratio()
    measured = f"this CPU has {unit}, and a convolution in bf16 takes {ratio:.2f} of float32's time"
    return PrecisionChoice("bf16-mixed" if ratio < 1 else "32-true", measured)


def cpu_unit(flags: frozenset[str]) -> str | None:
    """The flag of a CPU's units for bfloat16, the fastest first; None without.

    >>> cpu_unit(frozenset({"avx2", "avx512_bf16"}))
    'avx512_bf16'
    """
    return next((unit for unit in CPU_UNITS if unit in flags), None)


def cpu_flags(cpu_info: Path = _CPU_INFO) -> frozenset[str]:
    """What this CPU can do: the flags that Linux lists, elsewhere what torch finds."""
    try:
        lines = cpu_info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        # Of torch's versions that are allowed, not all have it.
        found: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
        return frozenset(name for name, is_there in found.items() if is_there is True)
    listed = (line.partition(":")[2] for line in lines if line.startswith(("flags", "Features")))
    return frozenset(next(listed, "").split())


def bf16_time_ratio(rounds: int = 3) -> float:
    """Time of a convolution, forward and back, in bfloat16 over that in float32.

    It takes about a tenth of a second.

    Args:
        rounds: Runs of each; the fastest counts.
    """
    image = torch.randn(4, 32, 128, 128, requires_grad=True)
    weight = torch.randn(32, 32, 3, 3, requires_grad=True)

    def fastest_s(enabled: bool) -> float:
        times = []
        for _ in range(rounds + 1):
            start = time.perf_counter()
            with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
                torch.autograd.grad(conv2d(image, weight, padding=1).sum(), (image, weight))
            times.append(time.perf_counter() - start)
        # The first run chooses kernels.
        return min(times[1:])

    return fastest_s(True) / fastest_s(False)


def _warning(precision: object, device: str) -> str:
    """What is to be known of a precision that a config asks for."""
    flags = cpu_flags()
    if device != "cpu" or "bf16" not in str(precision) or not flags or cpu_unit(flags):
        return ""
    return "; this CPU has no units for bf16 and is several times slower with it than with auto"
