"""A scout of a phantom head at a known pose, in memory and as a finished run."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from highdicom import Volume

from callosal.pipelines.cli import main
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.phantom.demo_head import DemoHead, moved
from callosal.pipelines.phantom.localizer_series import (
    LocalizerProtocol,
    acquire_localizer,
    write_localizer,
)
from callosal.pipelines.phantom.reference_pose import RigidMotion

PROTOCOL = LocalizerProtocol()
ISOCENTER = np.zeros(3)


@dataclass(frozen=True)
class PlannedScout:
    """A scout on disk and the run over it."""

    head: DemoHead
    series: Path
    output: Path

    @property
    def case(self) -> Path:
        """Folder of its one case."""
        (folder,) = (self.output / "cases").iterdir()
        return folder


@cache
def turned_head() -> DemoHead:
    """A phantom turned by 8, 5 and 4 degrees."""
    phantom = phantom_head(0)
    head = DemoHead("phantom", phantom.volume, phantom.pose)
    return moved(head, RigidMotion.of_angles(8, 5, -4, ISOCENTER, (3, -4, 5)))


@cache
def made_scout() -> tuple[Volume, ...]:
    """Five slices of 5 mm in each orientation, sagittal first."""
    return acquire_localizer(turned_head().volume, PROTOCOL, ISOCENTER, 0)


def planned_scout(folder: Path) -> PlannedScout:
    """Write the scout under a folder, one series an orientation, and plan on it."""
    series, output = folder / "series", folder / "out"
    write_localizer(made_scout(), series, thickness_mm=PROTOCOL.thickness_mm, one_series=False)
    assert main(["infer", str(series), "--output", str(output), "--device", "cpu"]) == 0
    return PlannedScout(turned_head(), series, output)
