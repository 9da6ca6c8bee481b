from dataclasses import fields, replace

import numpy as np
import pytest
from scipy import ndimage

from callosal.pipelines.callosum.quality import (
    RANGES,
    SURE,
    MaskFacts,
    Quality,
    judge,
    measure_mask,
)
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.outline.contour import callosum_component, find_contours_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.phantom.arch import Arch, arch_phantom

GOOD = MaskFacts(
    area_mm2=590, length_mm=71, width_mm=24, solidity=0.44, lean_deg=-12, certainty=0.97, blur=0.6,
    pieces=0.0, rival=0.0, at_edge=0.0, contrast=0.65, distinct=0.95,
)  # fmt: skip
BAD = {
    "area_mm2": 60.0, "length_mm": 20.0, "width_mm": 3.0, "solidity": 0.9, "certainty": 0.6,
    "blur": 4.0, "pieces": 1.0, "rival": 1.0, "at_edge": 0.5, "lean_deg": 55.0, "contrast": 0.02,
    "distinct": 0.3,
}  # fmt: skip


def test_a_common_callosum_is_sure_without_reasons() -> None:
    assert judge(GOOD) == Quality(1.0, ())


@pytest.mark.parametrize("fact", BAD)
def test_each_fact_alone_can_refuse_and_says_why(fact: str) -> None:
    quality = judge(replace(GOOD, **{fact: BAD[fact]}))
    assert quality.confidence < SURE
    assert quality.reasons == (RANGES[fact][1],)


def test_a_factor_of_one_leaves_no_reason() -> None:
    assert Quality(0.8, ("a",)).lowered(1.0, "b") == Quality(0.8, ("a",))
    assert Quality(0.8, ("a",)).lowered(0.5, "b") == Quality(0.4, ("a", "b"))


def test_every_fact_has_a_range() -> None:
    assert set(RANGES) == {field.name for field in fields(MaskFacts)}


def _facts(probability: np.ndarray, pixels: np.ndarray | None = None) -> MaskFacts:
    place = on_slice(np.ones_like(probability) if pixels is None else pixels, (1.0, 1.0))
    component = callosum_component(probability, place)
    contour = smooth_contour_mm(find_contours_mm(component, place)[0])
    return measure_mask(probability, component, contour, RotatedBox.around(contour), place)


@pytest.fixture(scope="module")
def arch() -> np.ndarray:
    shape = Arch(length_mm=85, thickness_mm=7, half_angle_deg=75, tilt_deg=5, center_mm=(0, 0))
    return arch_phantom(shape, (160, 160), (1.0, 1.0))


def test_facts_of_a_known_arch(arch: np.ndarray) -> None:
    facts = _facts(arch)
    assert facts.area_mm2 == pytest.approx(arch.sum(), rel=0.02)
    assert facts.rival == facts.at_edge == 0
    assert facts.certainty > 0.9


def test_a_second_callosum_is_a_rival() -> None:
    shape = Arch(length_mm=85, thickness_mm=7, half_angle_deg=75, tilt_deg=5, center_mm=(0, 45))
    both = arch_phantom(shape, (200, 160), (1.0, 1.0))
    both[80:] += arch_phantom(replace(shape, center_mm=(0, 0)), (200, 160), (1.0, 1.0))[80:]
    facts = _facts(both)
    assert facts.rival == 1
    assert facts.pieces == 0


def test_a_blob_far_away_is_no_rival(arch: np.ndarray) -> None:
    both = arch.copy()
    both[140:150, 20:50] = 1.0
    facts = _facts(both)
    assert facts.rival == facts.pieces == 0
    assert facts.blur == _facts(arch).blur


def test_a_broken_mask_is_in_pieces(arch: np.ndarray) -> None:
    broken = arch.copy()
    broken[:, 60:65] = 0.0
    facts = _facts(broken)
    whole = arch[:, 65:].sum()
    assert facts.pieces == pytest.approx(arch[:, :60].sum() / whole, rel=0.15)
    assert facts.rival < 0.1


def test_the_edge_of_the_scan_counts_and_dark_ventricles_do_not(arch: np.ndarray) -> None:
    rows, columns = np.nonzero(arch > 0.5)
    ventricle = np.ones_like(arch)
    ventricle[rows.max() - 8 : rows.max(), columns.mean().astype(int) :][:, :6] = 0
    assert _facts(arch, ventricle).at_edge == 0
    cut = np.ones_like(arch)
    cut[:, : columns.min() + 2] = 0
    assert _facts(arch, cut).at_edge > 0


def test_the_lean_follows_the_shape_and_not_the_tilt_of_the_head(arch: np.ndarray) -> None:
    """An arch opens straight below its long axis, however tilted; on its head it opens above."""
    assert abs(_facts(arch).lean_deg) < 3
    tilted = Arch(length_mm=85, thickness_mm=7, half_angle_deg=75, tilt_deg=-35, center_mm=(0, 0))
    assert abs(_facts(arch_phantom(tilted, (160, 160), (1.0, 1.0))).lean_deg) < 3
    assert abs(_facts(np.ascontiguousarray(arch[::-1])).lean_deg) > 170


def test_a_dark_callosum_is_as_sure_as_a_bright_one(arch: np.ndarray) -> None:
    inside = ndimage.gaussian_filter(arch, 1.0)
    assert judge(_facts(arch, 100 - 80 * inside)).confidence >= SURE
    assert judge(_facts(arch, 20 + 80 * inside)).confidence >= SURE


def test_an_outline_that_nothing_in_the_picture_follows_is_refused(arch: np.ndarray) -> None:
    grain = np.random.default_rng(0).normal(0, 1, arch.shape)
    picture = 100 + 20 * ndimage.gaussian_filter(grain, 4) / 0.07
    facts = _facts(arch, picture.clip(1))
    assert facts.distinct < 0.5
    assert judge(facts).confidence < SURE
    assert "indistinct_border" in judge(facts).reasons
