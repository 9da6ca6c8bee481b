"""`import callosal`: its names, what they load, and its five lines from a wheel alone."""

import json
import subprocess
import sys
from pathlib import Path

import callosal

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"torch", "lightning", "pytorch_lightning", "monai", "diffusers"}
NEEDED_LATER = {"numpy", "scipy", "pydicom", "highdicom", "nibabel", "PIL", "onnxruntime"}

LOADED = """
import sys, time
before = set(sys.modules)
start = time.perf_counter()
import callosal
seconds = time.perf_counter() - start
loaded = sorted({name.split(".")[0] for name in set(sys.modules) - before})
import json
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


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(callosal, "planer")
