"""`import callosal`: its names, what they load, and its five lines from a wheel alone."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import callosal
from callosal.pipelines.phantom import phantom_head, phantom_slice
from callosal.pipelines.planning.reslice import nifti_bytes

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"torch", "lightning", "pytorch_lightning", "monai", "diffusers"}
NEEDED_LATER = {"numpy", "scipy", "pydicom", "highdicom", "nibabel", "PIL", "onnxruntime"}

LOADED = """
import json, sys, time
before = set(sys.modules)
start = time.perf_counter()
import callosal
seconds = time.perf_counter() - start
loaded = sorted({name.split(".")[0] for name in set(sys.modules) - before})
print(json.dumps({"seconds": seconds, "loaded": loaded, "file": callosal.__file__}))
"""


def _run(code: str, cwd: Path, python: str | Path = sys.executable) -> str:
    ran = subprocess.run([python, "-c", code], cwd=cwd, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_import_loads_nothing_else_and_is_quick() -> None:
    found = json.loads(_run(LOADED, ROOT))
    assert not (HEAVY | NEEDED_LATER) & set(found["loaded"])
    assert found["seconds"] < 1  # 1 ms on an idle machine
    assert Path(found["file"]) == ROOT / "callosal" / "__init__.py"


def test_no_name_needs_torch() -> None:
    code = "import callosal, sys\nfor name in callosal.__all__: getattr(callosal, name)\n"
    loaded = json.loads(_run(code + "import json; print(json.dumps(sorted(sys.modules)))", ROOT))
    assert not HEAVY & set(loaded)
    assert "highdicom" in loaded


def test_every_name_is_there_listed_and_described() -> None:
    for name in callosal.__all__:
        assert name in dir(callosal)
        assert getattr(callosal, name) is not None
    described = [name for name in callosal.__all__ if name != "__version__"]
    missing = [name for name in described if ">>> " not in (getattr(callosal, name).__doc__ or "")]
    assert missing == []
    assert callosal.__version__[0].isdigit()


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(callosal, "planer")


def _readme_lines() -> list[str]:
    """The lines of README's part on Python, their comments as near as a formatter sets them."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    part = text.split("## Python\n")[1].split("\n## ")[0]
    lines = [line[4:].rstrip() for line in part.splitlines() if line.startswith("    ")]
    return [re.sub(r" +#", "  #", line) for line in lines]


def test_the_docs_begin_with_the_lines_of_the_readme() -> None:
    page = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    first = page.split("```python\n")[1].split("\n```")[0]
    assert _readme_lines() == [line for line in first.splitlines() if line]


@pytest.mark.slow
def test_the_lines_of_the_readme_run_in_a_venv_with_the_wheel_alone(
    wheel: Path, tmp_path: Path
) -> None:
    head = phantom_head(3, (80, 120, 120), (2.0, 2.0, 2.0)).volume
    (tmp_path / "head.nii.gz").write_bytes(nifti_bytes(head))
    pixels, mask = phantom_slice(7)
    np.save(tmp_path / "slice.npy", pixels)
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = (
        [venv / "Lib" / "site-packages"]
        if sys.platform == "win32"
        else venv.glob("lib/python*/site-packages")
    )
    zipfile.ZipFile(wheel).extractall(site)
    # What the wheel depends on lies in the environment of the tests; nothing is downloaded.
    others = [path for path in sys.path if path.endswith("site-packages")]
    (site / "dependencies.pth").write_text("\n".join(others))
    python = venv / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    code = [
        *_readme_lines(),
        "print(callosal.__file__)",
        "print(callosal.__version__)",
    ]
    printed = _run("\n".join(code), tmp_path, python).splitlines()
    assert printed[0] == "ok ()"
    angle_deg, prescription = printed[1].split(" ", 1)
    assert abs(float(angle_deg)) < 45
    assert prescription.startswith("T")
    shape, area_mm2 = printed[2].rsplit(" ", 1)
    assert shape == str(pixels.shape)
    assert float(area_mm2) == pytest.approx(int(mask.sum()), rel=0.1)
    assert Path(printed[3]).is_relative_to(site.resolve())
    assert printed[4] == callosal.__version__
