"""What the figures were measured on."""

import os
import platform
from pathlib import Path
from typing import Any

from callosal.export.devices import installed_version, usable_cores

PACKAGES = ("callosal", "onnxruntime", "numpy", "scipy", "pydicom", "highdicom", "torch", "monai",
            "openvino", "simpleitk", "dicom2nifti", "dcm2niix", "scikit-image",
            "diffusers")  # fmt: skip


def describe_machine() -> dict[str, Any]:
    """CPU model, cores, load, versions."""
    return {
        "cpu": _cpu_model(),
        "cores": usable_cores(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "python": platform.python_version(),
        "system": platform.system(),
        "versions": {name: found for name in PACKAGES if (found := installed_version(name))},
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    found = {key.strip(): value.strip() for key, value in fields.items()}
    return f"{found.get('model name', 'unknown')} (family {found.get('cpu family')}, " \
           f"model {found.get('model')})"  # fmt: skip
