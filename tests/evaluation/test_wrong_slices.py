import numpy as np
import pytest

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.callosum.quality import SURE
from callosal.pipelines.callosum.segmentation import find_callosa
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.evaluation import wrong_slices
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.phantom import phantom_slice


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)


def _is_sure(segmenter: Segmenter, pixels: np.ndarray) -> bool:
    (callosum,) = find_callosa([on_slice(pixels, (0.5, 0.5))], segmenter)
    return callosum is not None and callosum.quality.confidence >= SURE


def _labelled(seed: int) -> LabelledSlice:
    image, mask = phantom_slice(seed, (384, 384), 0.5)
    return LabelledSlice("p", "s", image, mask, (0.5, 0.5))


@pytest.mark.parametrize("seed", range(2))
def test_right_slices_are_sure_and_painted_out_ones_are_not(
    segmenter: Segmenter, seed: int
) -> None:
    labelled = _labelled(seed)
    assert _is_sure(segmenter, labelled.image)
    assert not _is_sure(segmenter, wrong_slices.painted_out(labelled, seed))


@pytest.mark.parametrize(
    "make", [wrong_slices.knee, wrong_slices.noise, wrong_slices.flat], ids=lambda f: f.__name__
)
def test_other_things_are_refused(segmenter: Segmenter, make) -> None:
    for seed in range(3):
        assert not _is_sure(segmenter, make(seed)), seed


def test_painting_out_changes_the_callosum_alone() -> None:
    labelled = _labelled(0)
    painted = wrong_slices.painted_out(labelled, 0)
    changed = np.abs(painted - labelled.image) > 1e-3
    assert changed[labelled.mask > 0].mean() > 0.9
    assert changed.mean() < 0.08
