"""What is assumed says so, with the spread of all that it rests on."""

import math

import pytest

from callosal.pipelines.protocols.brain_lines import AC_PC, LINES, ac_pc_line, assumed_line
from callosal.pipelines.protocols.callosal_frame import CallosalFrame
from callosal.pipelines.protocols.commissures import Commissures

FRAME = CallosalFrame((2.0, 5.0), -10.0, 75.0)
SEEN = Commissures((10.0, -7.0), (-16.0, -9.0), 0.9, True)


def test_commissures_give_a_measured_line() -> None:
    line = ac_pc_line(FRAME, SEEN)
    assert line.is_measured
    assert line.angle_deg == pytest.approx(math.degrees(math.atan2(2, 26)))
    assert line.center_mm == (-3.0, -8.0)
    assert (line.spread_deg, line.spread_mm, line.basis, line.source) == (None,) * 4


def test_without_commissures_the_line_is_assumed_from_the_callosum() -> None:
    line = ac_pc_line(FRAME, None)
    assert not line.is_measured
    assert line.angle_deg == pytest.approx(-10 + AC_PC.angle_deg)
    assert line.spread_deg == AC_PC.angle_sd_deg
    assert line.basis == "callosum"
    assert FRAME.to_frame_mm(line.center_mm) == pytest.approx(AC_PC.center_mm)


@pytest.mark.parametrize("name", sorted(LINES))
def test_other_lines_follow_the_commissures_and_add_their_spread(name: str) -> None:
    known = LINES[name]
    measured, assumed = ac_pc_line(FRAME, SEEN), ac_pc_line(FRAME, None)
    line, twice = assumed_line(name, measured), assumed_line(name, assumed)
    assert not line.is_measured
    assert line.angle_deg == pytest.approx(measured.angle_deg + known.angle_deg)
    assert (line.spread_deg, line.basis) == (known.angle_sd_deg, "ac_pc")
    assert twice.spread_deg == pytest.approx(math.hypot(known.angle_sd_deg, AC_PC.angle_sd_deg))
    assert twice.basis == "callosum"
    assert AC_PC.source in twice.source
    if known.center_mm is not None:
        assert math.dist(line.center_mm, measured.center_mm) == pytest.approx(
            math.hypot(*known.center_mm)
        )
        assert twice.spread_mm > line.spread_mm
