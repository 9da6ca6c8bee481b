"""The shipped models in JavaScript: the same mask as in Python.

`make npm` installs what they need; the environment variable CALLOSAL_NPM names another folder.
"""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.phantom import phantom_slice

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "javascript" / "mask.mjs"
SHAPE = (301, 352)


@pytest.mark.skipif(shutil.which("node") is None, reason="no node on this machine")
@pytest.mark.parametrize("runtime", ["onnxruntime-web", "onnxruntime-node"])
def test_the_mask_is_that_of_python(runtime: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("CALLOSAL_NPM", ".venv/npm")).resolve()
    if not (folder / "node_modules" / runtime).is_dir():
        pytest.skip(f"{runtime} is not installed: make npm (or set CALLOSAL_NPM)")
    model = resolve_model(DEFAULT)
    image = phantom_slice(3, SHAPE, 0.5)[0].astype(np.float32)
    image.tofile(tmp_path / "image.f32")
    answer = subprocess.run(
        ["node", SCRIPT, runtime, model, tmp_path / "image.f32", *map(str, SHAPE),
         tmp_path / "probability.f32"],
        cwd=folder, text=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    found = np.fromfile(tmp_path / "probability.f32", np.float32).reshape(SHAPE)
    expected = open_segmenter(model, "cpu").probability(image[None, None])[0, 0]
    # WebAssembly sums in another order than the processor's own wide units.
    assert abs(found - expected).max() <= 2e-4
    assert ((found > 0.5) != (expected > 0.5)).mean() <= 1e-4
    assert (found > 0.5).any()
