"""A callosum in doubt is judged again on the midsagittal slice and its neighbours together."""

from dataclasses import replace

import numpy as np
import pytest
from highdicom import Volume

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.pipelines.callosum.segmentation import Callosum, outline_callosum
from callosal.pipelines.case.judgement import Judgement, judge
from callosal.pipelines.case.neighbours import (
    POOLED_CONFIDENCE,
    Neighbours,
    find_neighbours,
    pooled_callosum,
)
from callosal.pipelines.case.observation import Observation, look
from callosal.pipelines.case.pose import find_pose
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.planning.findings import Status
from callosal.pipelines.settings import Settings


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return open_segmenter(resolve_model(DEFAULT), "cpu", threads=1)


@pytest.fixture(scope="module")
def head() -> Volume:
    return phantom_head(0).volume


@pytest.fixture(scope="module")
def seen(head: Volume, segmenter: Segmenter) -> Observation:
    return look(head, segmenter, Settings())


@pytest.fixture(scope="module")
def beside(head: Volume, seen: Observation, segmenter: Segmenter) -> Neighbours:
    assert seen.callosum is not None
    return find_neighbours(head, seen.callosum, segmenter)


def _callosum(seen: Observation) -> Callosum:
    assert seen.callosum is not None
    return seen.callosum


@pytest.fixture(scope="module")
def doubtful(seen: Observation) -> Observation:
    """What would be seen if the network were unsure of the posterior part of the callosum."""
    callosum = _callosum(seen)
    columns = np.flatnonzero(callosum.mask.any(axis=0))
    unsure = callosum.component.astype(np.float32)
    unsure[:, columns[len(columns) * 2 // 3] :] *= 0.3
    found = outline_callosum(unsure, callosum.slice_image)
    assert found is not None
    found = replace(found, component=unsure.astype(float))
    return replace(seen, callosum=found, pose=find_pose(found, seen.head, Settings()))


def _judged(head: Volume, seen: Observation, beside: Neighbours | None) -> Judgement:
    return judge(head, seen, beside, Settings(), {})


def _dice(one: Callosum, other: Callosum) -> float:
    shared = int((one.mask & other.mask).sum())
    return 2 * shared / (int(one.mask.sum()) + int(other.mask.sum()))


def test_a_sure_callosum_stays_as_it_is(
    head: Volume, seen: Observation, beside: Neighbours
) -> None:
    judged = _judged(head, seen, beside)
    assert judged.verdict.status == Status.OK
    assert judged.pose is seen.pose
    assert "pooled_slices" not in judged.verdict.reasons


def test_its_neighbours_help_where_the_midsagittal_slice_is_in_doubt(
    head: Volume, seen: Observation, doubtful: Observation, beside: Neighbours
) -> None:
    alone = _judged(head, doubtful, None)
    assert alone.verdict.status == Status.LOW_CONFIDENCE
    together = _judged(head, doubtful, beside)
    assert together.verdict.status == Status.OK
    assert "pooled_slices" in together.verdict.reasons
    assert together.verdict.confidence is not None
    assert together.verdict.confidence <= POOLED_CONFIDENCE
    assert together.callosum is not None
    assert together.pose is not None
    assert _dice(together.callosum, _callosum(seen)) > 0.9
    assert _dice(_callosum(doubtful), _callosum(seen)) < 0.85


def test_three_of_four_neighbours_must_show_a_callosum(
    head: Volume, doubtful: Observation, beside: Neighbours
) -> None:
    two = replace(beside, found=(None, None, *beside.found[2:]))
    assert pooled_callosum(two, _callosum(doubtful)) is None
    judged = _judged(head, doubtful, two)
    assert judged.verdict.status == Status.LOW_CONFIDENCE
    assert judged.callosum is not None
    assert _dice(judged.callosum, _callosum(doubtful)) == 1.0


def test_neighbours_that_are_in_doubt_too_change_nothing(
    head: Volume, doubtful: Observation, beside: Neighbours
) -> None:
    unsure = tuple(
        None if one is None else replace(one, component=0.4 * one.component) for one in beside.found
    )
    judged = _judged(head, doubtful, replace(beside, found=unsure))
    assert judged.verdict.status == Status.LOW_CONFIDENCE
    assert "pooled_slices" not in judged.verdict.reasons
