import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.pipelines.review.correction import automatic_roi
from callosal.pipelines.review.hand_outline import hand_outline


def test_the_mask_of_the_network_gives_its_region_again(desk, planned):
    case = desk.case(planned)
    outline = hand_outline(case.mask, case.midsagittal, desk.settings)
    roi = automatic_roi(case.plan, desk.settings)
    np.testing.assert_allclose(outline.roi.center_mm, roi.center_mm, atol=0.5)
    np.testing.assert_allclose(outline.roi.size_mm, roi.size_mm, atol=1.0)
    assert outline.roi.angle_deg == pytest.approx(roi.angle_deg, abs=0.5)
    measures, finding = outline.measured()
    assert outline.area_mm2 == pytest.approx(measures.area_mm2, rel=0.02)
    assert measures.area_mm2 == pytest.approx(case.plan.morphometry["area_mm2"], rel=0.02)
    assert finding.kind == case.plan.finding.kind


def test_specks_and_pieces_are_refused(desk, planned):
    case = desk.case(planned)
    speck = np.zeros_like(case.mask)
    speck[30:33, 30:33] = 1
    for mask, code in ((speck, "mask_too_small"), (case.mask | speck, "mask_in_pieces")):
        with pytest.raises(GeometryError) as error:
            hand_outline(mask, case.midsagittal, desk.settings)
        assert error.value.code == code
