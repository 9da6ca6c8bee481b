"""The two readings of a localizer: what they agree on, and the doubt where they do not."""

import numpy as np
import pytest
from scipy import ndimage

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.callosum.quality import Quality
from callosal.pipelines.callosum.segmentation import Callosum, outline_callosum
from callosal.pipelines.case.localizer_callosum import _lowered_by_readings
from callosal.pipelines.case.process import process_volume
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.midplane.localizer_volumes import LocalizerVolumes
from callosal.pipelines.phantom import phantom_head, phantom_slice
from callosal.pipelines.phantom.demo_head import DemoHead, moved
from callosal.pipelines.phantom.localizer_series import LocalizerProtocol, acquire_localizer
from callosal.pipelines.phantom.reference_pose import RigidMotion
from callosal.pipelines.settings import Settings

SURE = Quality(1.0, ())


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return open_segmenter(resolve_model(DEFAULT), "cpu")


def reading(turn_deg: float) -> Callosum:
    """The outline of a drawn slice, turned about the middle of the picture."""
    pixels, truth = phantom_slice(7)
    turned = ndimage.rotate(truth.astype(np.float32), turn_deg, reshape=False, order=1)
    found = outline_callosum(turned, on_slice(pixels, (1.0, 1.0)))
    assert found is not None
    return found


def test_readings_that_agree_leave_the_confidence() -> None:
    assert _lowered_by_readings(SURE, reading(0), reading(0)) == SURE


@pytest.mark.parametrize("turn_deg", [12.0, -12.0])
def test_readings_that_differ_are_in_doubt(turn_deg: float) -> None:
    found = _lowered_by_readings(SURE, reading(0), reading(turn_deg))
    assert found.confidence < 0.5
    assert found.reasons == ("neighbours_disagree",)


def test_one_reading_alone_is_none() -> None:
    assert _lowered_by_readings(SURE, reading(0), None).confidence == 0
    assert _lowered_by_readings(SURE, None, reading(0)).confidence == 0


def test_a_head_turned_across_three_thick_slices_has_its_plan(segmenter: Segmenter) -> None:
    """Genu and splenium lie on different slices; each slice alone shows a part, 4.5 degrees off."""
    phantom = phantom_head(0)
    straight = DemoHead("phantom", phantom.volume, phantom.pose)
    isocenter = np.zeros(3)
    head = moved(straight, RigidMotion.of_angles(0, 14, 14, isocenter, (6, 0, 0)))
    protocol = LocalizerProtocol((3, 3, 3), 8.0, 12.0)
    stacks = acquire_localizer(head.volume, protocol, isocenter, 0)
    plan = process_volume(LocalizerVolumes(tuple(stacks)), segmenter, Settings(), {}).document
    frame = plan["midsagittal"]
    assert plan["status"] == "ok", plan["reasons"]
    assert head.pose.plane_error_deg(frame["normal"]) < 1.0
    error_deg = head.pose.angle_error_deg(
        plan["final"]["angle_deg"], frame["row_dir"], frame["col_dir"]
    )
    assert abs(error_deg) < 3.0
