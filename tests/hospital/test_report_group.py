"""Regions of a report."""

import numpy as np
import pytest
from highdicom.sr import ImageRegion3D

from callosal.pipelines.hospital.report_group import outlined


@pytest.mark.parametrize("count", [3, 4, 16, 17, 400])
def test_an_outline_is_the_polygon_that_highdicom_makes_of_all_corners(count: int) -> None:
    turns = 2 * np.pi * np.arange(count) / count
    corners = np.stack([0.1 * np.cos(turns), 40 * np.cos(turns), 30 * np.sin(turns)], axis=1)
    expected = ImageRegion3D("POLYGON", np.vstack([corners, corners[:1]]), "1.2.3")
    assert outlined(corners, "1.2.3") == expected
    assert len(outlined(corners, "1.2.3").GraphicData) == 3 * (count + 1)
