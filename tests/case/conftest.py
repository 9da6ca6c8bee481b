"""A drawn head and the callosum that is found in it, for the doubts about damaged voxels."""

import pytest
from highdicom import Volume

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.callosum.segmentation import Callosum
from callosal.pipelines.case.process import process_volume
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.planning.findings import Status
from callosal.pipelines.settings import Settings


@pytest.fixture(scope="session")
def head() -> Volume:
    return phantom_head(1, (72, 80, 80), (2.4, 2.8, 2.8)).volume


@pytest.fixture(scope="session")
def callosum(head: Volume) -> Callosum:
    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)
    found = process_volume(head, segmenter, Settings(), {})
    assert found.verdict.status == Status.OK
    assert found.callosum is not None
    return found.callosum
