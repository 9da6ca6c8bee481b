"""Choice and refusal of devices; what needs a GPU is marked so."""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from callosal.export import devices
from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import DeviceError
from callosal.pipelines.phantom import phantom_slice

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
COREML = "CoreMLExecutionProvider"
OPENVINO, TENSORRT = "OpenVINOExecutionProvider", "TensorrtExecutionProvider"


def _runtime(available: list[str]) -> SimpleNamespace:
    """An onnxruntime with these providers, and the severities that were set."""
    severities: list[int] = []
    return SimpleNamespace(
        get_available_providers=lambda: available,
        set_default_logger_severity=severities.append,
        severities=severities,
    )


@pytest.fixture
def gpu_build(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = _runtime([CUDA, CPU])
    monkeypatch.setattr(devices, "import_onnxruntime", lambda: runtime)


@pytest.fixture
def cpu_build(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = _runtime([CPU])
    monkeypatch.setattr(devices, "import_onnxruntime", lambda: runtime)


def _with_card(monkeypatch: pytest.MonkeyPatch, present: bool) -> None:
    monkeypatch.setattr(devices, "cuda_device_present", lambda: present)


@pytest.mark.usefixtures("gpu_build")
def test_auto_takes_the_gpu_only_where_a_card_is(monkeypatch: pytest.MonkeyPatch) -> None:
    _with_card(monkeypatch, True)
    assert devices.choose_providers("auto") == [CUDA, CPU]
    _with_card(monkeypatch, False)
    assert devices.choose_providers("auto") == [CPU]


def test_what_cudnn_passes_over_is_not_told_as_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = _runtime([CUDA, CPU])
    monkeypatch.setattr(devices, "import_onnxruntime", lambda: runtime)
    _with_card(monkeypatch, True)
    devices.place("cpu")
    assert runtime.severities == []
    devices.place("cuda")
    assert runtime.severities == [4]


@pytest.mark.usefixtures("cpu_build")
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_an_absent_device_is_refused_with_the_mend(device: devices.Device) -> None:
    with pytest.raises(DeviceError, match=r"install callosal\[gpu\]"):
        devices.choose_providers(device)


@pytest.mark.usefixtures("gpu_build")
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_gpu_build_without_a_card_is_refused(
    device: devices.Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_card(monkeypatch, False)
    with pytest.raises(DeviceError, match=f"--device {device}"):
        devices.place(device)


@pytest.mark.usefixtures("cpu_build")
def test_cpu_is_always_there() -> None:
    assert devices.choose_providers("cpu") == [CPU]


@pytest.mark.parametrize(
    ("available", "card", "chosen", "why"),
    [
        ([CUDA, CPU], True, CUDA, "CUDA device is there"),
        ([CUDA, CPU], False, CPU, "no CUDA device"),
        ([CPU], True, CPU, "built without CUDA"),
        ([OPENVINO, CPU], False, CPU, "built without CUDA"),
        ([TENSORRT, CUDA, CPU], True, CUDA, "CUDA device is there"),
        ([COREML, CPU], False, CPU, "built without CUDA"),
    ],
)
def test_auto_says_why(
    available: list[str], card: bool, chosen: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = _runtime(available)
    monkeypatch.setattr(devices, "import_onnxruntime", lambda: runtime)
    _with_card(monkeypatch, card)
    placement = devices.place("auto")
    assert placement.providers[0] == chosen
    assert placement.providers[-1] == CPU
    assert why in placement.reason


def test_coreml_is_used_by_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "import_onnxruntime", lambda: _runtime([COREML, CPU]))
    placement = devices.place("coreml")
    assert placement.providers == (COREML, CPU)
    assert placement.reason == "--device coreml was asked for"
    assert devices.provider_options(COREML)["ModelFormat"] == "MLProgram"


@pytest.mark.usefixtures("cpu_build")
def test_coreml_without_a_mac_is_refused() -> None:
    with pytest.raises(DeviceError, match=r"no CoreMLExecutionProvider .* on a Mac"):
        devices.place("coreml")


def test_tensorrt_keeps_its_engines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    options = devices.provider_options(TENSORRT)
    assert options["trt_engine_cache_enable"] == "1"
    assert Path(options["trt_engine_cache_path"]).is_dir()
    # TF32 would round products to ten bits.
    assert devices.provider_options(CUDA) == {
        "cudnn_conv_algo_search": "HEURISTIC",
        "use_tf32": "0",
    }
    assert devices.provider_options(CPU) == {}


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({}, None),
    ],
)
def test_the_quota_of_a_container_limits_the_threads(
    files: dict[str, str], cores: int | None, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert devices.cgroup_cores(tmp_path) == cores


def test_two_wheels_are_found_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "distribution", lambda name: name)
    with pytest.raises(DeviceError, match="installed together") as error:
        devices.import_onnxruntime()
    assert error.value.code == "two_runtimes"


def test_the_installed_wheel_is_found() -> None:
    found = devices.installed_wheels()
    assert found
    for name in found:
        assert importlib.metadata.version(name)


def test_usable_cores_is_at_least_one() -> None:
    assert devices.usable_cores() >= 1


@pytest.mark.gpu
@pytest.mark.skipif(not devices.cuda_device_present(), reason="no CUDA device on this machine")
def test_the_gpu_gives_the_probabilities_of_the_cpu() -> None:
    path = resolve_model(DEFAULT)
    image = phantom_slice(0, (256, 256), 0.5)[0][None, None]
    on_gpu, on_cpu = (open_segmenter(path, device) for device in ("cuda", "cpu"))
    assert on_gpu.provider == CUDA
    first, again = on_gpu.probability(image), on_gpu.probability(image)
    assert abs(first - on_cpu.probability(image)).max() <= 1e-4
    assert ((first > 0.5) == (again > 0.5)).all()


def test_onnxruntime_reports_nothing_to_its_makers(tmp_path: Path) -> None:
    """Left alone, it keeps an id of the machine and a queue of reports in the user's cache."""
    script = (
        "from callosal.export.runtime import open_segmenter;"
        "from callosal.export.shipped import DEFAULT, resolve_model;"
        "open_segmenter(resolve_model(DEFAULT), 'cpu', 1)"
    )
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("ORT_")}  # fmt: skip
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"),
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # fmt: skip
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    assert list(tmp_path.rglob("*")) == []
