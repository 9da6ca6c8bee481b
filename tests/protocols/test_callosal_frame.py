import numpy as np
import pytest

from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.protocols.callosal_frame import CallosalFrame


def test_a_place_goes_to_the_frame_and_back() -> None:
    frame = CallosalFrame((3.0, -4.0), 30.0, 70.0)
    assert frame.to_slice_mm((10.0, 0.0)) == pytest.approx((3 + 8.660254, 1.0))
    places = np.array([[1.0, 2.0], [-5.0, 7.5]])
    assert frame.to_frame_mm(frame.to_slice_mm(places)) == pytest.approx(places)


def test_the_frame_turns_with_the_outline() -> None:
    turn = np.linspace(0, np.pi, 60)
    arch = np.concatenate(
        [np.stack([36 * np.cos(turn), 25 * np.sin(turn)], 1),
         np.stack([26 * np.cos(turn), 16 * np.sin(turn)], 1)[::-1]]
    )  # fmt: skip
    level = CallosalFrame.of(arch, RotatedBox.around(arch))
    angle = np.radians(12)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned_arch = arch @ matrix.T
    turned = CallosalFrame.of(turned_arch, RotatedBox.around(turned_arch))
    assert turned.angle_deg - level.angle_deg == pytest.approx(12, abs=0.1)
    assert turned.length_mm == pytest.approx(72, abs=0.5)
