import numpy as np
import pytest

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import DataError
from callosal.models.generation.spec import GeneratorSpec
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.phantom import phantom_slice
from callosal.pipelines.synthesis.checks import CheckLimits, area_range, examine
from callosal.pipelines.synthesis.copies import training_bank
from callosal.pipelines.synthesis.joint_image import as_slice
from tests.synthesis.phantom_generator import CONDITIONS, SCALE_MM, SPACING_MM, phantom_pair

SPEC = GeneratorSpec(
    "pixel", "rectified_flow", SPACING_MM, (112, 104), SCALE_MM, CONDITIONS, {}, None, "phantoms"
)


@pytest.fixture(scope="module")
def segmenter():
    return open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)


@pytest.fixture
def limits(segmenter):
    return CheckLimits(area_range(CONDITIONS), segmenter, None)


def reasons(joint, limits):
    return set(examine(joint, as_slice(joint, SPACING_MM), SPEC, limits).reasons)


def test_a_good_pair_passes_and_is_measured(limits):
    joint = phantom_pair()
    findings = examine(joint, as_slice(joint, SPACING_MM), SPEC, limits)
    assert findings.reasons == ()
    assert findings.components == 1
    assert findings.agreement_dice > 0.9
    assert 300 < findings.measured["area_mm2"] < 1200
    assert findings.nearest_training is None


def test_each_fault_is_named(limits):
    speck = phantom_pair()
    speck[1, 5:9, 5:9] = 0.8
    assert reasons(speck, limits) == {"components"}
    dark = phantom_pair()
    dark[0] = np.where(dark[1] > 0, -0.9, dark[0])
    assert "contrast" in reasons(dark, limits)
    moved = phantom_pair()
    moved[1] = np.roll(moved[1], 14, axis=0)
    assert "disagreement" in reasons(moved, limits)
    thin = phantom_pair()
    thin[1] = np.where(thin[1] > 0.6, thin[1], -0.2)
    assert "area" in reasons(thin, limits)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda joint: joint * np.nan, "not_finite"),
        (lambda joint: np.stack([joint[0] * 0 - 1, joint[1]]), "black"),
        (lambda joint: np.stack([joint[0], joint[1] * 0 - 1]), "empty_mask"),
    ],
)
def test_what_no_reader_takes_is_found_first(limits, change, code):
    joint = change(phantom_pair()).astype(np.float32)
    drawn = as_slice(np.nan_to_num(joint), SPACING_MM)
    findings = examine(joint, drawn, SPEC, limits)
    assert findings.reasons == (code,)
    assert findings.measured is None


def test_an_area_of_a_given_mask_is_not_judged(segmenter):
    thin = phantom_pair()
    thin[1] = np.where(thin[1] > 0.6, thin[1], -0.2)
    assert "area" not in reasons(thin, CheckLimits(None, segmenter, None))


def phantom_bank(count):
    slices = []
    for seed in range(count):
        image, mask = phantom_slice(seed, (112, 104), 2.0)
        slices.append(LabelledSlice(f"p{seed}", "phantom", image, mask, (2.0, 2.0)))
    return slices


def test_a_copy_is_found_and_new_slices_are_none(segmenter):
    bank = training_bank(phantom_bank(40))
    copied = phantom_pair(4)
    limits = CheckLimits(None, segmenter, bank)
    assert "copy" in reasons(copied, limits)
    new = ["copy" in reasons(phantom_pair(seed), limits) for seed in range(1004, 1010)]
    assert sum(new) <= 1
    findings = examine(copied, as_slice(copied, SPACING_MM), SPEC, limits)
    assert findings.nearest_training > 0.99


def test_too_few_slices_give_no_threshold():
    with pytest.raises(DataError, match="needs 20"):
        training_bank(phantom_bank(5))
