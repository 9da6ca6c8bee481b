"""The regressions of the finding: what they learn, and how often they err on whole ones."""

import json

import numpy as np
import pytest

from benchmarks.release.release_finding import FALSE_SHARES, Outline, entry, fit
from callosal.pipelines.callosum.finding import PARTS, FindingModel, feature_names
from callosal.pipelines.evaluation.partial_callosa import MISSING, Lack

PLACES = {part: number for number, part in enumerate(PARTS)}


@pytest.fixture(scope="module")
def outlines() -> list[Outline]:
    """Features of noise, but for one a part, which grows where the part is missing."""
    draw = np.random.default_rng(0)
    made = []
    for lack in (*[None] * 10, *Lack):
        for _ in range(40):
            features = draw.standard_normal(len(feature_names()))
            for part in () if lack is None else MISSING[lack]:
                features[PLACES[part]] += 6.0
            made.append(Outline(lack, features, float(draw.normal(7.0, 1.0))))
    return made


def test_each_regression_learns_its_part(outlines: list[Outline]) -> None:
    model = fit(outlines)
    for part in PARTS:
        assert int(np.argmax(model.weights[part])) == PLACES[part]
    lacking = [one for one in outlines if one.lack is Lack.GENU]
    found = [model.missing(one.features) for one in lacking]
    assert np.mean([one["genu"] > 0.5 and one["splenium"] < 0.5 for one in found]) > 0.9


def test_the_constants_hold_the_share_of_false_alarms(outlines: list[Outline]) -> None:
    model = fit(outlines)
    whole = [model.missing(one.features) for one in outlines if one.lack is None]
    for part in PARTS:
        assert np.mean([one[part] > 0.5 for one in whole]) <= FALSE_SHARES[part] + 0.01


def test_thin_is_the_first_percentile_and_the_file_gives_the_model_back(
    outlines: list[Outline],
) -> None:
    model = fit(outlines)
    mm = [one.thickness_mm for one in outlines if one.lack is None]
    assert model.thin_mm == pytest.approx(np.percentile(mm, 1))
    again = FindingModel.of(json.loads(json.dumps(entry(model, outlines))))
    features = outlines[0].features
    assert again.missing(features) == pytest.approx(model.missing(features), abs=1e-3)
