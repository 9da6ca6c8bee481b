"""What the release of a model leaves on the shelf."""

import copy
import hashlib
import json
import shutil
from pathlib import Path

import onnx
import pytest

from benchmarks.release.release_model import Origin, Shelf, release, release_int8, withdraw
from callosal.export.accuracy import Reduction
from callosal.export.contract import UNTOLD
from callosal.export.graph import write_metadata
from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model, shipped_models

ORIGIN = Origin(Path("configs/x.yaml"), "callosal fit --config configs/x.yaml", "Seed 1.")
LISTED = '\n--8<-- "models/weights/attention_unet.md:1:200"\n'


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    weights, page = tmp_path / "weights", tmp_path / "models.md"
    weights.mkdir()
    page.write_text("# Models\n", encoding="utf-8")
    return Shelf(weights, page)


@pytest.fixture
def metrics() -> dict:
    (model,) = [each for each in shipped_models() if each.name == DEFAULT]
    return model.metrics


def test_a_float_file_is_carded_listed_once_and_withdrawn(shelf: Shelf, metrics: dict) -> None:
    for _ in range(2):
        release(resolve_model(DEFAULT), metrics, ORIGIN, shelf)
    names = {f"{DEFAULT}{suffix}" for suffix in (".onnx", ".json", ".md")}
    assert {path.name for path in shelf.weights.iterdir()} == names
    assert shelf.page.read_text(encoding="utf-8") == "# Models\n" + LISTED
    card = (shelf.weights / f"{DEFAULT}.md").read_text(encoding="utf-8")
    assert "Seed 1." in card
    assert "Eight bits" not in card
    assert "$" not in card
    assert open_segmenter(shelf.weights / f"{DEFAULT}.onnx", "cpu").contract.name == DEFAULT
    withdraw(DEFAULT, shelf)
    assert list(shelf.weights.iterdir()) == []
    assert shelf.page.read_text(encoding="utf-8") == "# Models\n"


def test_figures_of_another_file_or_another_name_are_refused(
    shelf: Shelf, metrics: dict, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match="of another file"):
        release(resolve_model("vit"), metrics, ORIGIN, shelf)
    renamed = Path(shutil.copy(resolve_model(DEFAULT), tmp_path / "other.onnx"))
    with pytest.raises(SystemExit, match=f"calls itself {DEFAULT}"):
        release(renamed, metrics, ORIGIN, shelf)
    assert list(shelf.weights.iterdir()) == []


def test_a_file_that_tells_no_terms_is_refused(shelf: Shelf, metrics: dict, tmp_path: Path) -> None:
    untold = Path(shutil.copy(resolve_model(DEFAULT), tmp_path / f"{DEFAULT}.onnx"))
    told = {p.key: p.value for p in onnx.load(str(untold)).metadata_props}
    write_metadata(untold, told | {"training_data": UNTOLD})
    sha256 = hashlib.sha256(untold.read_bytes()).hexdigest()
    figures = {name: each | {"model": {"sha256": sha256}} for name, each in metrics.items()}
    with pytest.raises(SystemExit, match="export it with --training-data"):
        release(untold, figures, ORIGIN, shelf)


def _stubbed(monkeypatch: pytest.MonkeyPatch, time_ratio: float) -> None:
    """Quantisation takes minutes and has tests of its own: here its figures are given."""
    made = Reduction("int8", 86, 0.9707, 0.9706, 0.02, 0.27, time_ratio, ())
    monkeypatch.setattr(
        "benchmarks.release.release_model.export_slices", lambda data, precision: None
    )
    monkeypatch.setattr("benchmarks.release.release_model.make_int8", lambda *_, **__: made)


def test_eight_bits_that_are_no_faster_are_withdrawn(
    shelf: Shelf, metrics: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _stubbed(monkeypatch, 1.14)
    (shelf.weights / f"{DEFAULT}-int8.onnx").write_bytes(b"of an older training")
    release_int8(resolve_model(DEFAULT), metrics, Path("data"), ORIGIN, shelf)
    assert list(shelf.weights.iterdir()) == []
    assert "1.14 of the float file's time: none ships" in capsys.readouterr().out


def test_eight_bits_that_cost_half_a_point_on_the_test_sites_are_withdrawn(
    shelf: Shelf, metrics: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _stubbed(monkeypatch, 0.6)
    worse = copy.deepcopy(metrics)
    worse["posed"]["overall"]["dice"]["mean"] -= 0.006
    monkeypatch.setattr("benchmarks.release.release_model.evaluate", lambda *_: worse)
    release_int8(resolve_model(DEFAULT), metrics, Path("data"), ORIGIN, shelf)
    assert list(shelf.weights.iterdir()) == []
    assert "costs 0.0060 of Dice on the test sites: none ships" in capsys.readouterr().out


def test_the_record_and_the_card_of_eight_bits_tell_what_they_cost(
    shelf: Shelf, metrics: dict, tmp_path: Path
) -> None:
    made = Reduction("int8", 86, 0.9707, 0.9706, 0.02, 0.27, 0.6, ())
    path = Path(shutil.copy(resolve_model(DEFAULT), tmp_path / f"{DEFAULT}.onnx"))
    release(path, metrics, ORIGIN, shelf, made)
    record = json.loads((shelf.weights / f"{DEFAULT}.json").read_text(encoding="utf-8"))
    assert record["reduced_from"] == DEFAULT
    assert record["reduction"]["time_ratio"] == 0.6
    card = (shelf.weights / f"{DEFAULT}.md").read_text(encoding="utf-8")
    assert "0.9706, in float 0.9707, the final angle moves by 0.020 degrees" in card
