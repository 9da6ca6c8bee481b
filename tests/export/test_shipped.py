import hashlib

import numpy as np
import pytest

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model, shipped_models
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


def test_an_unknown_name_is_answered_with_what_ships() -> None:
    with pytest.raises(ModelFileError, match=DEFAULT):
        resolve_model("nonesuch")
