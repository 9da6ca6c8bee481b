"""Splits of procedural phantom slices, for training where there is no data."""

from collections.abc import Iterator

from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.phantom import phantom_slice

# Seeds far apart, so that no split repeats a slice of another.
_FIRST_SEED = {"train": 0, "val": 1_000_000, "test": 2_000_000}


def phantom_split(
    split: str, train_count: int, spacing_mm: float, size: int
) -> Iterator[LabelledSlice]:
    """Draw one split; val and test hold an eighth of the training count each.

    Args:
        split: train, val or test.
        train_count: Number of training slices.
        spacing_mm: Pixel size in mm.
        size: Rows and columns.
    """
    count = train_count if split == "train" else max(4, train_count // 8)
    first = _FIRST_SEED[split]
    for seed in range(first, first + count):
        image, mask = phantom_slice(seed, (size, size), spacing_mm)
        yield LabelledSlice(f"phantom-{seed}", "phantom", image, mask, (spacing_mm, spacing_mm))
