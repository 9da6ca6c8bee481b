"""Whole, thin and partial callosa are told apart by their outlines."""

from pathlib import Path

import numpy as np
import pytest

from callosal.pipelines.callosum.finding import (
    PARTS,
    SIZES,
    FindingModel,
    Kind,
    feature_names,
    find_finding,
    judged,
    outline_features,
    shipped_model,
)
from callosal.pipelines.datasets.nifti_pairs import read_participants, read_slices
from callosal.pipelines.evaluation.partial_callosa import (
    MISSING,
    Lack,
    Shape,
    cut_outline_mm,
    kept_shares,
)
from callosal.pipelines.morphometry.measures import Morphometry
from tests.morphometry.bands import callosum_outline

COUNT = len(feature_names())


def model(**offsets: float) -> FindingModel:
    """A model of constants alone."""
    return FindingModel(
        np.zeros(COUNT),
        np.ones(COUNT),
        {part: np.zeros(COUNT) for part in PARTS},
        {part: offsets.get(part, -4.0) for part in PARTS},
        thin_mm=5.0,
        thickness_error_mm=0.25,
    )


def test_a_missing_part_is_named_with_the_surest_probability() -> None:
    finding = judged(model(splenium=2.0, posterior_half=1.0), np.zeros(COUNT), 7.0)
    assert finding.kind is Kind.PARTIAL
    assert finding.missing == ("splenium", "posterior_half")
    assert finding.probability == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert finding.lacks_an_end


def test_a_missing_rostrum_leaves_the_ends() -> None:
    finding = judged(model(rostrum=1.0), np.zeros(COUNT), 7.0)
    assert finding.missing == ("rostrum",)
    assert not finding.lacks_an_end


@pytest.mark.parametrize(
    ("thickness_mm", "kind", "least"),
    [(8.0, Kind.WHOLE, 0.97), (5.1, Kind.WHOLE, 0.5), (4.9, Kind.THIN, 0.5), (4.0, Kind.THIN, 0.9)],
)
def test_thin_is_a_question_of_the_mean_thickness(
    thickness_mm: float, kind: Kind, least: float
) -> None:
    finding = judged(model(), np.zeros(COUNT), thickness_mm)
    assert (finding.kind, finding.missing) == (kind, ())
    assert finding.probability is not None
    assert finding.probability > least


def test_features_do_not_change_with_pose_and_only_sizes_with_scale() -> None:
    outline = callosum_outline()
    turn = np.radians(20)
    turned = outline @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    shapes = [Shape.of_outline(points) for points in (outline, turned + 30.0, 1.1 * outline)]
    plain, moved, grown = (outline_features(one.outline_mm, one.midline) for one in shapes)
    assert plain.shape == (COUNT,)
    np.testing.assert_allclose(moved, plain, atol=0.02)
    gain = np.array([np.log(1.1) if name in SIZES else 0.0 for name in feature_names()])
    np.testing.assert_allclose(grown, plain + gain, atol=0.02)


def test_an_outline_without_a_midline_is_unknown() -> None:
    nothing = Morphometry({"thickness_mean_mm": None}, {}, np.zeros((3, 2)), None, ())
    finding = find_finding(nothing)
    assert (finding.kind, finding.probability, finding.missing) == (Kind.UNKNOWN, None, ())


def test_the_shipped_coefficients_fit_the_features() -> None:
    shipped = shipped_model()
    assert len(shipped.mean) == len(shipped.scale) == COUNT
    assert all(len(shipped.weights[part]) == COUNT for part in PARTS)
    assert 3.0 < shipped.thin_mm < 7.0


@pytest.mark.shared
def test_real_masks_are_whole_and_cut_ones_partial(shared_data: Path) -> None:
    root = shared_data / "abide-cc"
    people = [one for one in read_participants(root) if one.split == "val"][:12:2]
    shapes = [Shape.of_mask(labelled) for labelled in read_slices(root, people, "val")]
    wholes = [_found(shape) for shape in shapes]
    assert sum(kind in (Kind.WHOLE, Kind.THIN) for kind, _ in wholes) >= len(wholes) - 1
    for lack in (Lack.GENU, Lack.SPLENIUM, Lack.POSTERIOR_HALF):
        draw = np.random.default_rng(0)
        cut = [Shape.of_outline(cut_outline_mm(s, *kept_shares(s, lack, draw))) for s in shapes]
        found = [missing for _, missing in map(_found, cut)]
        surely = MISSING[lack][-1]
        assert sum(surely in missing for missing in found) >= len(found) - 1, lack


def _found(shape: Shape) -> tuple[Kind, tuple[str, ...]]:
    finding = judged(shipped_model(), shape.features, shape.thickness_mm)
    return finding.kind, finding.missing
