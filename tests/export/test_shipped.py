import hashlib

import numpy as np
import pytest

from callosal.export.generator_folder import Sampling
from callosal.export.generator_runtime import Order, open_generator, sample_pairs
from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_generator, resolve_model, shipped_models
from callosal.models.errors import ModelFileError


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
    assert segmenter.contract.parity["max_probability_difference"] <= 1e-4
    image = np.zeros((1, 1, 70, 91), np.float32)
    assert segmenter.probability(image).shape == image.shape
    assert model.metrics["test"]["model"]["sha256"] == model.sha256
    assert model.metrics["test"]["overall"]["dice"]["mean"] > 0.955


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


def test_an_unknown_generator_is_answered_with_what_ships() -> None:
    with pytest.raises(ModelFileError, match="nor a shipped generator"):
        resolve_generator("nonesuch")


def test_an_unknown_name_is_answered_with_what_ships() -> None:
    with pytest.raises(ModelFileError, match=DEFAULT):
        resolve_model("nonesuch")
