from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from callosal.pipelines.synthesis.quality.window import cut, cut_posed, field_of, tilt_rad
from tests.synthesis.quality.phantoms import phantom_set, turned

WHOLE = phantom_set(10, 2)


def test_whole_slices_stay_as_they_are() -> None:
    field = field_of(WHOLE)
    assert not field.about_callosum
    assert field.shape == (96, 96)
    assert field_of(WHOLE, 4.0).shape == (48, 48)
    np.testing.assert_array_equal(cut(WHOLE, field).masks[0], WHOLE[0].mask)


def test_real_slices_are_cut_to_the_field_of_generated_crops() -> None:
    crop = replace(WHOLE[0], image=WHOLE[0].image[16:64, 16:64], mask=WHOLE[0].mask[16:64, 16:64])
    field = field_of([crop])
    assert field.about_callosum
    assert field.shape == (42, 42)
    windows = cut(WHOLE, field)
    for mask in windows.masks:
        center = np.array(ndimage.center_of_mass(mask))
        np.testing.assert_allclose(center, 20.5, atol=0.6)


def test_a_turned_copy_falls_onto_its_original() -> None:
    original = WHOLE[0]
    copy = turned(original, 14, 2.0)
    assert np.rad2deg(tilt_rad(original) - tilt_rad(copy)) == pytest.approx(14, abs=1.0)
    both = cut_posed([original, copy], field_of(WHOLE))
    overlap = 2 * (both.masks[0] & both.masks[1]).sum() / both.masks.sum()
    assert overlap > 0.9
    middle = both.images[:, 24:72, 24:72].reshape(2, -1)
    assert np.corrcoef(middle)[0, 1] > 0.95
