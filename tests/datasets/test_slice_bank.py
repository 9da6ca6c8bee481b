from dataclasses import replace

import numpy as np
import pytest

from callosal.models.errors import DataError
from callosal.pipelines.datasets.slice_bank import (
    LabelledSlice,
    SliceBank,
    evenly_spread,
    join_banks,
    make_bank,
)


def _labelled(shape: tuple[int, int], spacing_mm: tuple[float, float]) -> LabelledSlice:
    """A disc of 20 mm radius, centred."""
    rows, columns = (
        (np.arange(side) - (side - 1) / 2) * step
        for side, step in zip(shape, spacing_mm, strict=True)
    )
    disc = rows[:, None] ** 2 + columns[None] ** 2 < 20**2
    return LabelledSlice("a", "s", disc * 1000.0, disc.astype(np.uint8), spacing_mm)


@pytest.mark.parametrize(
    ("shape", "spacing_mm"),
    [((128, 128), (0.5, 0.5)), ((80, 60), (1.0, 1.0)), ((160, 60), (0.5, 1.2))],
)
def test_size_in_mm_is_kept_on_the_bank_grid(
    shape: tuple[int, int], spacing_mm: tuple[float, float]
) -> None:
    bank = make_bank([_labelled(shape, spacing_mm)], 0.5, 128)
    assert bank.images.shape == (1, 128, 128)
    assert bank.masks.sum() * 0.25 == pytest.approx(np.pi * 20**2, rel=0.02)
    rows, columns = np.nonzero(bank.masks[0])
    assert rows.mean() == pytest.approx(63.5, abs=0.6)
    assert columns.mean() == pytest.approx(63.5, abs=0.6)
    assert bank.images.max() == pytest.approx(1, abs=0.01)


def test_labels_on_the_same_spacing_are_not_resampled() -> None:
    labelled = _labelled((128, 128), (0.5, 0.5))
    bank = make_bank([labelled], 0.5, 128)
    np.testing.assert_array_equal(bank.masks[0], labelled.mask)


def test_nothing_to_hold_is_refused() -> None:
    with pytest.raises(DataError, match="no labelled slice"):
        make_bank([], 0.5, 128)


@pytest.mark.parametrize(("limit", "count"), [(None, 10), (3, 3), (10, 10), (50, 10)])
def test_a_limit_spreads_over_all(limit: int | None, count: int) -> None:
    slices = [_labelled((8, 8), (1.0, 1.0)) for _ in range(10)]
    kept = evenly_spread(slices, limit)
    assert len(kept) == count
    assert kept[0] is slices[0]
    assert limit != 3 or kept[-1] is slices[6]


@pytest.mark.parametrize("limit", [0, -3])
def test_a_limit_that_leaves_none_is_refused(limit: int) -> None:
    with pytest.raises(DataError, match=f"limit of {limit} .* use 1 or more"):
        evenly_spread([1, 2, 3], limit)


@pytest.fixture
def few_and_many() -> list[SliceBank]:
    return [
        make_bank([replace(_labelled((64, 64), (1.0, 1.0)), name=f"{name}{index}")
                   for index in range(count)], 1.0, 64)
        for name, count in (("few", 2), ("many", 5))
    ]  # fmt: skip


def test_joined_banks_have_equal_shares(few_and_many: list[SliceBank]) -> None:
    joined = join_banks(few_and_many, [0.5, 0.5])
    assert joined.names == ("few0", "few1", "few0", "few1", "few0", *few_and_many[1].names)
    assert joined.images.shape == joined.masks.shape == (10, 64, 64)
    assert joined.sites == ("s",) * 10


def test_joined_banks_have_the_shares_asked_for(few_and_many: list[SliceBank]) -> None:
    joined = join_banks(few_and_many, [0.2, 0.8])
    assert sum(name.startswith("few") for name in joined.names) == 2
    assert sum(name.startswith("many") for name in joined.names) == 8
    assert set(joined.names) == {*few_and_many[0].names, *few_and_many[1].names}
