import csv
import json
from pathlib import Path

import pytest

from callosal.pipelines.cli import main
from callosal.pipelines.datasets.pair_files import write_scaled_pair, write_table
from callosal.pipelines.datasets.participants import Participant
from tests.synthesis.quality.phantoms import phantom_set


def _write(root: Path, first: int, count: int, split: str) -> list[Participant]:
    people = []
    for labelled in phantom_set(first, count):
        write_scaled_pair(root, labelled.name, labelled.image, labelled.mask, 2.0)
        people.append(Participant(labelled.name, "phantom", split))
    return people


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("real")
    write_table(root, _write(root, 0, 40, "train") + _write(root, 500, 30, "val"), {})
    return root


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("generated")
    write_table(root, _write(root, 1000, 50, "train"), {})
    return root


def test_the_command_writes_figures_rows_and_pictures(
    real: Path, generated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The smaller of the networks: it looks at 80 slices.
    words = ["evaluate-generator", str(generated), "--training", str(real)]
    assert main([*words, "--output", str(tmp_path), "--model", "bisenetv2"]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    # Phantoms against phantoms: the samples do as well as the floor.
    for figures in metrics["likeness"].values():
        assert figures["generated_to_training"]["kid"] < 0.5
        assert figures["density_coverage"][1] > 0.7
    assert metrics["shape"]["area_mm2"]["generated"]["ks"] < 0.4
    assert metrics["masks"]["one_component"] > 0.9
    assert metrics["masks"]["faithfulness"]["mean"] > 0.5
    assert metrics["copies"]["masks"]["copy_rate"] < 0.25
    with (tmp_path / "samples.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 50
    assert float(rows[0]["area_mm2"]) > 100
    for name in ("grid", "shapes", "distances", "nearest_pixels", "nearest_masks"):
        assert (tmp_path / f"{name}.png").stat().st_size > 1000
    assert "floor" in capsys.readouterr().out


def test_too_few_samples_are_refused(
    real: Path, generated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate-generator", str(generated), "--training", str(real)]
    assert main([*words, "--output", str(tmp_path / "x"), "--limit", "10"]) == 1
    assert "fewer than 50 say nothing" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
    assert main([*words, "--output", str(tmp_path / "x"), "--held-out", "test"]) == 3
    assert "'test'" in capsys.readouterr().err
