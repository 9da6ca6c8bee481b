import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from callosal.export import shipped
from callosal.export.generator_folder import Sampling
from callosal.export.generator_runtime import open_generator
from callosal.export.generator_sampling import Order, sample_pairs
from callosal.export.runtime import open_segmenter
from callosal.export.shipped import (
    DEFAULT,
    reduced_models,
    resolve_generator,
    resolve_model,
    shipped_models,
    training_name,
)
from callosal.models.errors import ModelFileError
from callosal.pipelines.commands.models import models
from callosal.pipelines.phantom import phantom_slice

REDUCED = {
    "reduced_from": DEFAULT,
    "reduction": {"dice": 0.9706, "dice_float": 0.9707, "time_ratio": 0.6},
}


def test_the_default_ships() -> None:
    assert DEFAULT in {model.name for model in shipped_models()}


SEGMENTERS = [model for model in shipped_models() if model.kind == "segmenter"]


@pytest.mark.parametrize("model", SEGMENTERS, ids=lambda model: model.name)
def test_every_shipped_model_is_whole_and_carded(model) -> None:
    assert hashlib.sha256(model.path.read_bytes()).hexdigest() == model.sha256
    card = model.path.with_suffix(".md").read_text(encoding="utf-8")
    for needed in (model.sha256, "CC BY-NC-SA", "Not a medical device", "floor: mean training"):
        assert needed in card
    segmenter = open_segmenter(model.path, "cpu", threads=1)
    assert segmenter.contract.name == model.name
    assert "CC BY-NC-SA" in segmenter.contract.training_data
    assert segmenter.contract.training_data in card
    assert segmenter.contract.parity["max_probability_difference"] <= 1e-4
    image = np.zeros((1, 1, 70, 91), np.float32)
    assert segmenter.probability(image).shape == image.shape
    assert model.metrics["test"]["model"]["sha256"] == model.sha256
    assert model.metrics["test"]["overall"]["dice"]["mean"] > 0.955


EIGHT_BITS = [model for model in SEGMENTERS if model.reduced_from is not None]


@pytest.mark.parametrize("model", EIGHT_BITS, ids=lambda model: model.name)
def test_every_shipped_eight_bit_model_is_worth_it(model) -> None:
    (whole,) = [each for each in SEGMENTERS if each.name == model.reduced_from]
    assert model.name == f"{whole.name}-int8"
    assert reduced_models(whole.path) == (model,)
    assert model.size_bytes <= 0.35 * whole.size_bytes
    assert model.reduction["time_ratio"] < 1
    for name in whole.metrics:
        before, after = (m.metrics[name]["overall"]["dice"]["mean"] for m in (whole, model))
        assert before - after <= 0.005
    small, float_ = (open_segmenter(each.path, "cpu", threads=1) for each in (model, whole))
    assert small.contract.precision == "int8"
    # One of an older training would stay behind unseen.
    assert small.contract.checkpoint_sha256 == float_.contract.checkpoint_sha256
    assert "## Eight bits" in model.path.with_suffix(".md").read_text(encoding="utf-8")
    image = phantom_slice(3, (256, 300), 0.5)[0][None, None].astype(np.float32)
    masks = [each.probability(image) > 0.5 for each in (small, float_)]
    overlap = 2 * (masks[0] & masks[1]).sum() / (masks[0].sum() + masks[1].sum())
    assert overlap > 0.97


def test_eight_bits_are_found_by_name_and_by_their_float_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (whole,) = [each for each in SEGMENTERS if each.name == DEFAULT]
    for name, more in ((DEFAULT, {}), (f"{DEFAULT}-int8", REDUCED)):
        shutil.copy(whole.path, tmp_path / f"{name}.onnx")
        record = {"kind": "segmenter", "sha256": whole.sha256, "metrics": whole.metrics, **more}
        (tmp_path / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")
    monkeypatch.setattr(shipped, "WEIGHTS", tmp_path)
    float_path, small_path = (resolve_model(name) for name in (DEFAULT, f"{DEFAULT}-int8"))
    assert small_path == tmp_path / f"{DEFAULT}-int8.onnx"
    assert [each.path for each in reduced_models(float_path)] == [small_path]
    assert reduced_models(small_path) == ()
    assert training_name(small_path) == training_name(float_path) == DEFAULT
    assert open_segmenter(small_path, "cpu", threads=1).sha256 == whole.sha256
    monkeypatch.setenv("COLUMNS", "80")
    assert models() == 0
    told = capsys.readouterr().out
    (row,) = [line.split() for line in told.splitlines() if f"{DEFAULT}-int8" in line]
    assert row[-3:] == ["-0.0001", "0.60", whole.sha256[:12]]
    assert f"{whole.size_bytes / 1e6:.1f}" in told
    assert models(json=True) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows[f"{DEFAULT}-int8"]["reduced_from"] == DEFAULT
    assert rows[DEFAULT]["reduced_from"] is None


GENERATORS = [model for model in shipped_models() if model.kind == "generator"]


@pytest.mark.parametrize("model", GENERATORS, ids=lambda model: model.name)
def test_every_shipped_generator_is_whole_small_and_carded(model) -> None:
    files = [path for path in model.path.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 15e6
    card = (model.path / "MODEL_CARD.md").read_text(encoding="utf-8")
    for needed in (model.sha256, "CC BY-NC-SA", "ABIDE", "Not a medical device"):
        assert needed in card
    generator = open_generator(resolve_generator(model.name), "cpu", threads=1)
    assert generator.folder.name == model.name
    assert generator.folder.parity["max_difference"] <= 1e-4
    assert "CC BY-NC-SA" in generator.spec.training_data
    assert model.metrics["samples"]["copies"] <= 0.02
    nothing = np.zeros((1, len(generator.spec.conditions)), np.float32)
    pairs = sample_pairs(generator, Order(0, [3], nothing, nothing), Sampling("euler_flow", 8, 1.0))
    assert np.isfinite(pairs).all()
    area_mm2 = (pairs[:, 1] > 0).sum() * np.prod(generator.spec.spacing_mm)
    assert 200 < area_mm2 < 1500


@pytest.mark.slow
def test_the_shipped_generator_keeps_its_samples() -> None:
    expected = json.loads(Path(__file__).with_name("generator_whole_samples.json").read_text())
    generator = open_generator(resolve_generator("generator-whole"), "cpu", threads=1)
    condition = np.full((2, 4), 0.5, np.float32)
    given = np.array([[1, 1, 1, 1], [0, 0, 0, 0]], np.float32)
    order = Order(1, (3, 4), condition, given)
    pairs = sample_pairs(generator, order, generator.folder.sampling)
    for pair, sample in zip(pairs, order.samples, strict=True):
        for channel, name in zip(pair, ("image", "mask"), strict=True):
            found = channel[14::28, 14::28]
            np.testing.assert_allclose(found, expected[f"{sample}/{name}"], atol=1e-3)
    mask_pixels = (pairs[:, 1] > 0).sum(axis=(1, 2))
    np.testing.assert_allclose(mask_pixels, expected["mask_pixels"], atol=1)


def test_an_unknown_generator_is_answered_with_what_ships() -> None:
    with pytest.raises(ModelFileError, match="nor a shipped generator"):
        resolve_generator("nonesuch")


def test_an_unknown_name_is_answered_with_what_ships() -> None:
    with pytest.raises(ModelFileError, match=DEFAULT):
        resolve_model("nonesuch")
