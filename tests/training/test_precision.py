"""Which number format a run takes, on flags that are made up, and that any YAML may say `auto`."""

import csv
from pathlib import Path

import pytest
import torch

from callosal.pipelines.cli import main
from callosal.pipelines.training import precision
from callosal.pipelines.training.precision import (
    RunTrainer,
    bf16_time_ratio,
    choose_precision,
    cpu_flags,
    cpu_unit,
    device_kind,
)

ROOT = Path(__file__).resolve().parents[2]
INTEL = "processor\t: 0\nflags\t\t: fpu avx2 avx512_bf16 amx_bf16 amx_tile\n\nprocessor\t: 1\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16 i8mm\n"
OLD = "processor\t: 0\nflags\t\t: fpu avx2 fma\n"


@pytest.mark.parametrize(
    ("text", "unit"), [(INTEL, "amx_bf16"), (ARM, "bf16"), (OLD, None), ("", None)]
)
def test_units_are_read_from_what_linux_lists(text: str, unit: str | None, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(text, encoding="utf-8")
    assert cpu_unit(cpu_flags(tmp_path / "cpuinfo")) == unit


def test_without_linux_torch_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = {"bf16": True, "amx_bf16": False, "cpu_name": "M4"}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    assert cpu_flags(tmp_path / "none") == {"bf16"}


@pytest.mark.parametrize(
    ("flags", "ratio", "name", "words"),
    [
        ({"avx2"}, 0.5, "32-true", "this CPU has no units for bf16"),
        ({"avx512_bf16"}, 0.51, "bf16-mixed", "avx512_bf16, and a convolution in bf16 takes 0.51"),
        ({"avx512_bf16"}, 1.7, "32-true", "avx512_bf16, and a convolution in bf16 takes 1.70"),
    ],
)
def test_a_cpu_computes_in_bf16_where_it_has_units_and_they_are_faster(
    flags: set[str], ratio: float, name: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "cpu_flags", lambda: frozenset(flags))
    monkeypatch.setattr(precision, "bf16_time_ratio", lambda: ratio)
    choice = choose_precision("cpu")
    assert choice.name == name
    assert words in choice.reason


@pytest.mark.parametrize(("has_units", "name"), [(True, "bf16-mixed"), (False, "32-true")])
def test_a_gpu_is_asked_for_its_own_units(
    has_units: bool, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An older GPU says yes where emulation counts.
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation
        or has_units,
    )  # fmt: skip
    assert choose_precision("cuda").name == name
    assert choose_precision("mps").name == "32-true"


def test_the_device_is_the_one_that_lightning_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_kind("auto") == device_kind("gpu") == "cuda"
    assert device_kind("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_kind("auto") == "cpu"


def test_the_measurement_tells_faster_from_slower() -> None:
    ratio = bf16_time_ratio(rounds=1)
    assert 0.01 < ratio < 100


def test_bf16_without_units_is_taken_and_its_price_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(precision, "cpu_flags", lambda: frozenset({"avx2"}))
    options = {"accelerator": "cpu", "logger": False, "default_root_dir": tmp_path}
    asked = RunTrainer(precision="bf16-mixed", **options)
    assert asked.precision == "bf16-mixed"
    assert "several times slower" in asked.precision_reason
    usual = RunTrainer(**options)
    assert usual.precision == "32-true"
    assert usual.precision_reason == ("precision 32-true (auto: this CPU has no units for bf16)")


def test_every_yaml_leaves_the_precision_to_the_machine() -> None:
    files = sorted((ROOT / "configs").glob("*.yaml"))
    assert len(files) >= 8
    assert not [path.name for path in files if "precision: auto " not in path.read_text("utf-8")]


@pytest.mark.slow
def test_a_run_of_two_steps_begins_with_the_precision(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "cpu_flags", lambda: frozenset({"avx512_bf16"}))
    monkeypatch.setattr(precision, "bf16_time_ratio", lambda: 0.5)
    monkeypatch.chdir(tmp_path)
    words = ["--trainer.accelerator=cpu", "--trainer.max_steps=2", "--trainer.val_check_interval=2",
             "--data.phantoms=8", "--data.batch_size=2", "--data.size=192",
             "--data.augmentation.crop_mm=64", "--model.net.widths=[4,4]"]  # fmt: skip
    assert main(["fit", "--config", str(ROOT / "configs" / "attention_unet.yaml"), *words]) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first == (
        "precision bf16-mixed (auto: this CPU has avx512_bf16, and a convolution in bf16 takes "
        "0.50 of float32's time)"
    )
    (saved,) = tmp_path.glob("runs/*/version_0/config.yaml")
    # A run repeated elsewhere chooses for that machine.
    assert "precision: auto" in saved.read_text(encoding="utf-8")
    with next(tmp_path.glob("runs/*/version_0/metrics.csv")).open() as stream:
        assert any(row.get("val/dice") for row in csv.DictReader(stream))
