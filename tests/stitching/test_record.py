"""stitched.json: its content, and what is no number."""

import json

import numpy as np
import pytest
from highdicom import Volume

from callosal.pipelines.stitching.record import status_of, stitch_record
from callosal.pipelines.stitching.settings import StitchSettings
from callosal.pipelines.stitching.stitch import Stitched, stitch
from tests.stitching.grids import sagittal


@pytest.fixture(scope="module")
def joined(upper: Volume, lower: Volume) -> Stitched:
    return stitch([upper, lower])


def test_the_record_is_json_and_names_each_joint(joined: Stitched) -> None:
    record = stitch_record(joined, {0: {"series_number": 4}}, StitchSettings())
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    (joint,) = record["joints"]
    assert joint["upper_station"] == 0
    assert 0.8 < joint["agreement"] <= 1
    assert joint["brightness_ratio"] == pytest.approx(1 / 1.5, rel=0.05)
    assert [station["source"] for station in record["stations"]] == [{"series_number": 4}, {}]
    assert record["settings"]["matching"] == "field"
    assert record["grid"]["shape"] == list(joined.volume.spatial_shape)


def test_a_short_overlap_is_not_sure_and_has_no_numbers(spine_cut: list[Volume]) -> None:
    short = stitch(spine_cut)
    record = stitch_record(short, {}, StitchSettings())
    assert status_of(short) == record["status"] == "low_confidence"
    assert record["joints"][0]["correlation"] is None
    assert record["joints"][0]["agreement"] is None
    assert "15 mm are needed" in record["messages"][0]


@pytest.fixture
def spine_cut() -> list[Volume]:
    whole = np.random.default_rng(0).uniform(100, 500, (3, 110, 60)).astype(np.float32)
    return [sagittal(whole[:, :60]), sagittal(whole[:, 50:], (0, 0, -50))]
