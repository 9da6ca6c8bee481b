"""What is found beside the midline of a localizer is not trusted."""

from dataclasses import dataclass

import numpy as np
import pytest
from highdicom import Volume
from scipy.spatial.transform import Rotation

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.callosum.quality import SURE, Quality
from callosal.pipelines.case.off_midline import doubted_off_midline
from callosal.pipelines.case.process import process_volume
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage, on_slice
from callosal.pipelines.midplane.localizer_midline import LocalizerMidline
from callosal.pipelines.midplane.midsagittal import MidsagittalPlane
from callosal.pipelines.midplane.sagittal_slice import NativePlane, cut_slices
from callosal.pipelines.midplane.sagittal_views import SagittalViews
from callosal.pipelines.phantom.demo_head import mni152_head
from callosal.pipelines.settings import Settings

TOWARD_RIGHT = np.array([-1.0, 0.0, 0.0])


@dataclass(frozen=True)
class Found:
    """The part of a callosum that the doubt looks at."""

    slice_image: SliceImage
    box: RotatedBox
    quality: Quality


def seen(count: int, midline: LocalizerMidline | None = None) -> SagittalViews:
    return SagittalViews((on_slice(np.zeros((8, 8)), (1.0, 1.0)),) * count, 1, None, midline)


def midline_at(x_mm: float, error_mm: float) -> LocalizerMidline:
    point_lps_mm = np.array([x_mm, 7.0, 9.0])
    plane = MidsagittalPlane(point_lps_mm, TOWARD_RIGHT, 0.1, 0.1, 0.8, "symmetry")
    return LocalizerMidline(plane, error_mm)


def found(confidence: float = 1.0) -> Found:
    place = on_slice(np.zeros((8, 8)), (1.0, 1.0))
    return Found(place, RotatedBox((3, 2), (70, 25), 0), Quality(confidence, ()))


@pytest.mark.parametrize(
    ("off_mm", "error_mm", "left"),
    [(0.0, 3.0, 1.0), (-1.0, 3.0, 1.0), (5.0, 3.0, 0.5), (-9.0, 3.0, 0.0), (15.0, 3.0, 0.0)],
)
def test_confidence_falls_with_the_distance(off_mm: float, error_mm: float, left: float) -> None:
    (doubted,) = doubted_off_midline([found()], seen(5, midline_at(off_mm, error_mm)))
    assert doubted is not None
    assert doubted.quality.confidence == pytest.approx(left)
    assert doubted.quality.reasons == (() if left == 1 else ("off_midline",))


def test_slices_that_do_not_tell_the_midline_leave_a_doubt() -> None:
    sure, wrong, nothing = doubted_off_midline([found(1.0), found(0.88), None], seen(3))
    assert nothing is None
    assert sure is not None
    assert wrong is not None
    assert sure.quality.confidence >= SURE > wrong.quality.confidence
    assert sure.quality.reasons == wrong.quality.reasons == ("midline_unknown",)


def test_a_single_slice_is_the_choice_of_who_took_it() -> None:
    one = found(0.7)
    assert doubted_off_midline([one], seen(1)) == [one]


def test_a_ventricle_beside_the_midline_of_an_average_head_is_no_ok() -> None:
    """Slices of 5 mm, 20 mm apart, the head rolled by 8 degrees: nearest at -5 and 15 mm."""
    pytest.importorskip("nilearn", reason="the MNI152 head comes with nilearn")
    head = mni152_head().volume
    normal = Rotation.from_euler("z", 8, degrees=True).apply(TOWARD_RIGHT)
    middle = NativePlane(np.array([0.0, 23.35, 11.69]), normal)
    offsets_mm = [-65.0, -45.0, -25.0, -5.0, 15.0, 35.0, 55.0]
    slices = cut_slices(head, middle, offsets_mm, 1.0, 220.0, 5.0)
    affine = slices[0].affine_lps[:, [2, 0, 1, 3]]
    affine[:3, 0] *= 20.0
    localizer = Volume(np.stack([one.pixels for one in slices]), affine, "PATIENT")
    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)
    plan = process_volume(localizer, segmenter, Settings(), {"kind": "test"}).document
    assert plan["status"] != "ok"
    assert "off_midline" in plan["reasons"]
