"""`callosal doctor`: what this machine can do."""

import json as json_format
import platform
import sys
from typing import Any

from pydicom.pixels import get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from rich.console import Console
from rich.table import Table

from callosal.export.devices import (
    cuda_device_present,
    import_onnxruntime,
    installed_version,
    usable_cores,
)
from callosal.models.errors import DeviceError

PACKAGES = ("callosal", "numpy", "scipy", "pydicom", "highdicom", "nibabel", "onnxruntime",
            "onnxruntime-gpu", "torch", "pytorch-lightning", "monai", "diffusers",
            "nilearn", "pynetdicom")  # fmt: skip
SYNTAXES = (RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, JPEG2000,
            HTJ2KLossless, HTJ2K)  # fmt: skip


def doctor(json: bool = False) -> int:
    """Show versions, execution providers and codecs, and any fault in them.

    Args:
        json: Print JSON instead of tables.

    Returns:
        Exit code: 0 when inference can run, 1 when it cannot.
    """
    findings = examine()
    if json:
        print(json_format.dumps(findings, indent=1))
    else:
        _print(findings)
    return 1 if findings["problems"] else 0


def examine() -> dict[str, Any]:
    """All findings, ready for JSON."""
    problems = []
    providers: list[str] = []
    try:
        providers = import_onnxruntime().get_available_providers()
    except DeviceError as error:
        problems.append(str(error))
    codecs = {syntax.name: _decoders(syntax) for syntax in SYNTAXES}
    problems += [f"no decoder for {name}" for name, found in codecs.items() if not found]
    return {
        "python": sys.version.split()[0],
        "machine": platform.machine(),
        "cores": usable_cores(),
        "packages": {name: installed_version(name) for name in PACKAGES},
        "providers": providers,
        "cuda_device": cuda_device_present(),
        "codecs": codecs,
        "problems": problems,
    }


def _decoders(syntax: UID) -> list[str]:
    return sorted(get_decoder(syntax).available_plugins)


def _print(findings: dict[str, Any]) -> None:
    console = Console()
    table = Table(show_header=False)
    for name in ("python", "machine", "cores", "cuda_device"):
        table.add_row(name, str(findings[name]))
    table.add_row("providers", ", ".join(findings["providers"]) or "none")
    for name, found in findings["packages"].items():
        table.add_row(name, found or "not installed")
    for name, found in findings["codecs"].items():
        table.add_row(name, ", ".join(found) or "none")
    console.print(table)
    for problem in findings["problems"]:
        console.print(f"problem: {problem}", markup=False, soft_wrap=True)
    if not findings["problems"]:
        console.print("no problem found")
