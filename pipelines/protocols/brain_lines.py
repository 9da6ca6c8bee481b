"""Named lines of the brain in the midsagittal slice: measured where they are seen, else assumed.

The line through the commissures (AC-PC) is measured where both are found, else it is assumed from
the callosum. The other lines are never seen on the midsagittal slice: they are assumed from AC-PC.
What is assumed has the spread over people of the regression that gave it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from callosal.pipelines.geometry.rotated_box import Point
from callosal.pipelines.protocols.callosal_frame import CallosalFrame, rotation
from callosal.pipelines.protocols.commissures import Commissures


@dataclass(frozen=True)
class Regression:
    """Where a line lies in the frame of another.

    Attributes:
        basis: What it is counted from: `callosum` or `ac_pc`.
        angle_deg: Tilt from the other, positive when the anterior end is higher.
        angle_sd_deg: Standard deviation over people.
        center_mm: Centre of the line (x, y) from the centre of the other, along and across it;
            None where the source gives none.
        center_sd_mm: Standard deviation of each of its coordinates.
        people: Number of people it rests on.
        source: Where it comes from.
    """

    basis: str
    angle_deg: float
    angle_sd_deg: float
    center_mm: Point | None
    center_sd_mm: float | None
    people: int
    source: str


AFIDS: Final = "AFIDs landmarks, 16 people of OASIS-1 (Lau 2019, Taha 2023; CC BY 4.0)"
HEADS: Final = "19 public T1 heads, commissures found by this program and looked at"

MIDWAY: Final = (-3.8, -11.4)
AC_PC: Final = Regression("callosum", 3.6, 3.1, MIDWAY, 1.8, 19, HEADS)
AC: Final = (9.5, -10.5)
PC: Final = (-17.1, -12.2)
"""The point between the commissures and both of them in the frame of the callosum, of the same
heads."""

LINES: Final[Mapping[str, Regression]] = {
    # Canthomeatal line; the sign was checked on Colin27, whose eye and ear canal are seen.
    "orbitomeatal": Regression(
        "ac_pc", 12.6, 4.2, None, None, 223, "Kim et al. 2009, AJNR Am J Neuroradiol 30:1704"
    ),
    # From the front end of the temporal horn to the origin of the indusium griseum, mean of both
    # sides: the front and the back end of the hippocampus.
    "hippocampal": Regression("ac_pc", -31.1, 3.4, (-11.2, -7.7), 1.5, 16, AFIDS),
    # From the pontomesencephalic junction to the sulcus below the colliculi.
    "brain_stem": Regression("ac_pc", -26.5, 5.1, (-17.3, -11.9), 1.4, 16, AFIDS),
}


@dataclass(frozen=True)
class BrainLine:
    """A line of the brain in the slice.

    Attributes:
        angle_deg: Tilt, positive when the anterior end is higher.
        center_mm: Its centre (x, y); None where no source tells it.
        is_measured: Whether it was seen in these images.
        spread_deg: Standard deviation over people of an assumed tilt; None of a measured one.
        spread_mm: The same of each coordinate of an assumed centre.
        basis: What an assumed line was counted from, `callosum` or `ac_pc`; None of a measured one.
        source: Where an assumed line comes from; None of a measured one.
    """

    angle_deg: float
    center_mm: Point | None
    is_measured: bool
    spread_deg: float | None = None
    spread_mm: float | None = None
    basis: str | None = None
    source: str | None = None


def ac_pc_line(frame: CallosalFrame, commissures: Commissures | None) -> BrainLine:
    """The line through the commissures.

    Args:
        frame: Where the callosum lies.
        commissures: As found; None where they could not be.
    """
    if commissures is not None:
        return BrainLine(commissures.angle_deg, commissures.center_mm, True)
    center = frame.to_slice_mm(MIDWAY)
    return BrainLine(
        frame.angle_deg + AC_PC.angle_deg,
        (float(center[0]), float(center[1])),
        False,
        AC_PC.angle_sd_deg,
        AC_PC.center_sd_mm,
        AC_PC.basis,
        AC_PC.source,
    )


def assumed_line(name: str, ac_pc: BrainLine) -> BrainLine:
    """A line that is not seen, from the line through the commissures.

    Args:
        name: One of `LINES`.
        ac_pc: That line; where it is assumed itself, its spread adds to that of the other.
    """
    known = LINES[name]
    center = None
    if known.center_mm is not None and ac_pc.center_mm is not None:
        x, y = np.array(ac_pc.center_mm) + rotation(ac_pc.angle_deg) @ known.center_mm
        center = (float(x), float(y))
    return BrainLine(
        ac_pc.angle_deg + known.angle_deg,
        center,
        False,
        math.hypot(known.angle_sd_deg, ac_pc.spread_deg or 0.0),
        None if center is None else math.hypot(known.center_sd_mm or 0.0, ac_pc.spread_mm or 0.0),
        known.basis if ac_pc.is_measured else AC_PC.basis,
        known.source if ac_pc.is_measured else f"{known.source}; {AC_PC.source}",
    )
