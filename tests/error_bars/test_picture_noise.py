"""The estimate of noise against noise that was added."""

import numpy as np
import pytest
from highdicom import Volume

from callosal.pipelines.error_bars.picture_noise import picture_noise
from callosal.pipelines.midplane.localizer_volumes import LocalizerVolumes
from callosal.pipelines.phantom import phantom_head


@pytest.fixture(scope="module")
def head() -> Volume:
    return phantom_head(3, (60, 120, 120), (3.0, 2.0, 2.0)).volume


def _with_noise(head: Volume, share: float) -> Volume:
    values = head.array.astype(np.float32)
    top = np.percentile(values, 99)
    noise = np.random.default_rng(0).normal(0, share * top, values.shape)
    return Volume((values + noise).astype(np.float32), head.affine, "PATIENT")


@pytest.mark.parametrize("share", [0.05, 0.1])
def test_added_noise_is_found(head: Volume, share: float) -> None:
    assert picture_noise(_with_noise(head, share)) == pytest.approx(share, rel=0.3)


def test_more_noise_is_told_from_less(head: Volume) -> None:
    found = [picture_noise(_with_noise(head, share)) for share in (0.0, 0.02, 0.05, 0.1)]
    assert found == sorted(found, key=lambda value: value or 0.0)


def test_the_scale_of_the_intensities_does_not_matter(head: Volume) -> None:
    bright = Volume(head.array.astype(np.float32) * 37, head.affine, "PATIENT")
    assert picture_noise(bright) == pytest.approx(picture_noise(head), rel=1e-3)


def test_of_a_localizer_the_sagittal_slices_count(head: Volume) -> None:
    noisy = _with_noise(head, 0.1)
    assert picture_noise(LocalizerVolumes((noisy,))) == pytest.approx(picture_noise(noisy))


def test_an_empty_image_has_no_estimate() -> None:
    empty = Volume(np.zeros((20, 40, 40), np.float32), np.diag([3.0, 2, 2, 1]), "PATIENT")
    assert picture_noise(empty) is None
