import json
from pathlib import Path

import numpy as np
import pytest

from callosal.models.errors import DataError
from callosal.pipelines.cli import main
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.pair_files import write_scaled_pair, write_table
from callosal.pipelines.datasets.participants import Participant, read_participants
from callosal.pipelines.phantom import phantom_slice


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("labelled")
    people = []
    for seed in range(3):
        write_scaled_pair(root, f"sub-{seed}", *phantom_slice(seed, (96, 96), 2.0), 2.0)
        people.append(Participant(f"sub-{seed}", "phantom", "train"))
    write_table(root, people, {})
    return root


def test_a_written_pair_reads_back_as_it_was(labelled: Path) -> None:
    image, mask = phantom_slice(1, (96, 96), 2.0)
    read = list(read_split(labelled, "train"))[1]
    np.testing.assert_array_equal(read.mask, mask)
    np.testing.assert_allclose(read.image / 4095, image / image.max(), atol=1e-3)
    assert read.spacing_mm == (2.0, 2.0)


def test_black_and_nan_samples_are_never_written(tmp_path: Path) -> None:
    mask = np.ones((8, 8), np.uint8)
    for image in (np.zeros((8, 8), np.float32), np.full((8, 8), np.nan, np.float32)):
        with pytest.raises(DataError, match="black or not finite"):
            write_scaled_pair(tmp_path, "sub-1", image, mask, 1.0)
    with pytest.raises(DataError, match="mask is empty"):
        write_scaled_pair(tmp_path, "sub-1", np.ones((8, 8), np.float32), 0 * mask, 1.0)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_what_fit_reads(labelled: Path, tmp_path: Path) -> None:
    words = ["randomise", str(labelled), "--count", "12", "--spacing-mm", "2", "--seed", "4"]
    assert main([*words, "--output", str(tmp_path / "a")]) == 0
    assert main([*words, "--output", str(tmp_path / "b")]) == 0
    splits = [person.split for person in read_participants(tmp_path / "a")]
    assert splits.count("val") == 1
    assert splits.count("train") == 11
    for first, second in zip(
        read_split(tmp_path / "a", "train"), read_split(tmp_path / "b", "train"), strict=True
    ):
        np.testing.assert_array_equal(first.image, second.image)
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["labelled_slices"] == 3
    assert (tmp_path / "a" / "grid.png").stat().st_size > 1000


def test_a_count_of_zero_is_wrong_usage(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["randomise", str(labelled), "--count", "0", "--output", str(tmp_path / "x")]
    assert main(words) == 3
    assert "count is 0" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
