"""The C++ example: its box is ours, and so are its numbers from the shipped model.

The library comes with the onnxruntime wheel. Its headers do not: `make npm` gets them, and the
environment variable ONNXRUNTIME_INCLUDE names others (docs/how-to/cpp.md says where to get them).
"""

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.geometry.plane_angles import axis_difference_deg
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.outline.contour import callosum_component, callosum_contour_mm
from callosal.pipelines.phantom import phantom_slice

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "cpp"
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ on this machine")


@pytest.fixture(scope="module")
def box_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("box") / "box_of_points"
    sources = [Path(__file__).with_name("box_of_points.cpp"), EXAMPLE / "rotated_box.cpp"]
    command = ["g++", "-std=c++17", "-Wall", "-Werror", "-I", EXAMPLE, *sources, "-o", program]
    subprocess.run(command, check=True)
    return program


@needs_compiler
@pytest.mark.parametrize("seed", range(12))
def test_the_box_of_points_is_ours(seed: int, box_program: Path) -> None:
    rng = np.random.default_rng(seed)
    turn = rng.uniform(0, np.pi)
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    points = rng.normal(size=(80, 2)) * [30, 9] @ axes + rng.uniform(-40, 40, 2)
    text = "\n".join(f"{x!r} {y!r}" for x, y in points.tolist())
    answer = subprocess.run(box_program, input=text, text=True, capture_output=True, check=True)
    x, y, length, width, angle = map(float, answer.stdout.split())
    expected = RotatedBox.around(points)
    np.testing.assert_allclose([x, y, length, width], [*expected.center_mm, *expected.size_mm],
                               atol=1e-6)  # fmt: skip
    assert abs(axis_difference_deg(angle, expected.angle_deg)) < 1e-6


def _headers() -> Path | None:
    """Folder of the headers: named, of the system, or as npm's package for another system."""
    places = [
        Path(os.environ.get("ONNXRUNTIME_INCLUDE", "/usr/include/onnxruntime")),
        *Path(".venv/npm/node_modules/com.github.asus4.onnxruntime").rglob("Headers"),
    ]
    named = (place.resolve() for place in places if (place / "onnxruntime_cxx_api.h").is_file())
    return next(named, None)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    include = _headers()
    if include is None:
        pytest.skip("no headers of onnxruntime: make npm (or set ONNXRUNTIME_INCLUDE)")
    if shutil.which("cmake") is None:
        pytest.skip("no cmake on this machine")
    spec = importlib.util.find_spec("onnxruntime")
    assert spec is not None
    assert spec.origin is not None
    libraries = sorted((Path(spec.origin).parent / "capi").glob("libonnxruntime.so.*"))
    if not libraries:
        pytest.skip("this onnxruntime wheel carries no shared library")
    build = tmp_path_factory.mktemp("cpp")
    # The loader asks for the library's short name, which the wheel leaves out.
    (build / "libonnxruntime.so.1").symlink_to(libraries[-1])
    configure = ["cmake", "-S", EXAMPLE, "-B", build, f"-DONNXRUNTIME_INCLUDE={include}",
                 f"-DONNXRUNTIME_LIBRARY={libraries[-1]}"]  # fmt: skip
    for command in (configure, ["cmake", "--build", build]):
        subprocess.run(command, check=True, capture_output=True)
    return build / "callosal_box"


def run_program(program: Path, *words: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LD_LIBRARY_PATH": str(program.parent)}
    command = [program, *map(str, words)]
    return subprocess.run(command, env=environment, text=True, capture_output=True)


@needs_compiler
@pytest.mark.parametrize("shape", [(384, 384), (301, 352)])
def test_its_numbers_are_ours(program: Path, shape: tuple[int, int], tmp_path: Path) -> None:
    model = resolve_model(DEFAULT)
    image = phantom_slice(3, shape, 0.5)[0].astype(np.float32)
    image.tofile(tmp_path / "image.f32")
    answer = run_program(program, model, tmp_path / "image.f32", *shape)
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    segmenter = open_segmenter(model, "cpu")
    probability = segmenter.probability(image[None, None])[0, 0]
    place = on_slice(image, (segmenter.contract.spacing_mm,) * 2)
    box = RotatedBox.around(callosum_contour_mm(probability, place))
    assert found["model"] == segmenter.contract.name
    component = callosum_component(probability, place)
    assert found["pixels"] == int((component >= segmenter.contract.threshold).sum())
    assert abs(axis_difference_deg(found["box"]["angle_deg"], box.angle_deg)) < 0.05
    np.testing.assert_allclose(found["box"]["center_mm"], box.center_mm, atol=0.03)
    np.testing.assert_allclose(found["box"]["size_mm"], box.size_mm, atol=0.05)


@needs_compiler
def test_it_says_what_is_wrong(program: Path, tmp_path: Path) -> None:
    (tmp_path / "short.f32").write_bytes(bytes(16))
    answer = run_program(program, resolve_model(DEFAULT), tmp_path / "short.f32", 64, 64)
    assert answer.returncode == 1
    assert "does not hold" in answer.stderr
