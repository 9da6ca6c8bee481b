"""Made spines and their stations, small ones, made once."""

from dataclasses import replace
from pathlib import Path

import pytest
from highdicom import Volume
from pydicom.dataset import Dataset

from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom.spine import Spine, phantom_spine
from callosal.pipelines.phantom.spine_stations import StationProtocol, acquire_station

UPPER = StationProtocol((0, 0, 220), (160, 160), 1.0, 5)
LOWER = StationProtocol((0, 0, 100), (160, 160), 1.0, 5)
"""Two stations that overlap by 40 of 160 mm."""

SIZE, SPACING = (20.0, 300.0, 160.0), (4.0, 1.0, 1.0)


@pytest.fixture(scope="session")
def spine() -> Spine:
    return phantom_spine(1, SIZE, SPACING)


@pytest.fixture(scope="session")
def other_spine() -> Spine:
    return phantom_spine(2, SIZE, SPACING)


@pytest.fixture(scope="session")
def upper(spine: Spine) -> Volume:
    return acquire_station(spine, UPPER, 1)


@pytest.fixture(scope="session")
def lower(spine: Spine) -> Volume:
    """Moved by 3 mm toward the back and by 5.2 mm toward the feet, half as bright again."""
    moved = replace(LOWER, moved_lps_mm=(0, 3, -5.2), gain=1.5)
    return acquire_station(spine, moved, 2)


def write_station(station: Volume, folder: Path, number: int, **tags: object) -> None:
    """Write a station as a series of one made exam."""
    shared = Dataset()
    shared.StudyInstanceUID, shared.FrameOfReferenceUID = "2.25.11", "2.25.12"
    shared.EchoTime, shared.RepetitionTime = "100", "3000"
    for keyword, value in tags.items():
        setattr(shared, keyword, value)
    write_mr_series(
        station, folder, description="T2", series_number=number, attributes=shared, seed=number
    )


@pytest.fixture(scope="session")
def exam(upper: Volume, lower: Volume, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stations of one exam as DICOM."""
    folder = tmp_path_factory.mktemp("exam")
    write_station(upper, folder / "a", 2)
    write_station(lower, folder / "b", 3)
    return folder
