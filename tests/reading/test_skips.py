import pytest

from callosal.models.errors import InputError
from callosal.pipelines.dicom.tree import Skipped
from callosal.pipelines.reading.skips import SkipCounter


def counter(*skipped: Skipped) -> SkipCounter:
    files = SkipCounter.empty()
    for item in skipped:
        files.add(item)
    return files


def test_files_of_one_series_and_reason_are_printing_once():
    files = counter(
        *[Skipped(f"a/{index}", "truncated", "cut", "1.2") for index in range(5)],
        Skipped("a/9", "truncated", "cut", "1.3"),
    )
    assert [(skip.label, skip.n_files) for skip in files.skips([])] == [
        ("a/0 (and 4 more)", 5),
        ("a/9", 1),
    ]
    assert files.count_faults("1.2") == [("truncated", 5)]


def test_files_that_are_not_dicom_are_only_counted_over_all_folders():
    files = counter(Skipped("a/1", "not_dicom", "no"), Skipped("b/2", "not_dicom", "no"))
    (skip,) = files.skips([])
    assert (skip.n_files, skip.uid_key, skip.is_fault) == (2, "", False)


def test_only_a_lost_series_has_an_identity():
    files = counter(
        Skipped("a", "truncated", "cut", "1.2"),
        Skipped("b", "truncated", "cut", "1.3"),
        Skipped("c", "not_mr", "CT", "1.4"),
    )
    assert [bool(skip.uid_key) for skip in files.skips(["1.2"])] == [False, False, True]


@pytest.mark.parametrize("code", ["truncated", "not_mr", "dicomdir"])
def test_anything_of_dicom_is_an_image_of_a_kind(code: str):
    counter(Skipped("a", code, "why")).check_any_image()


def test_no_image_at_all():
    files = counter(Skipped("a", "not_dicom", "no"), Skipped("in", "no_images", "holds 1 files"))
    with pytest.raises(InputError, match="in: holds 1 files"):
        files.check_any_image()
