from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from callosal.models.errors import DataError
from callosal.pipelines.datasets.unlabelled import unlabelled_slices
from callosal.pipelines.phantom import phantom_head


def _save_heads(folder: Path, count: int) -> None:
    volume = phantom_head(0, (40, 60, 60), (4.0, 4.0, 4.0)).volume
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    for number in range(count):
        nib.save(nib.Nifti1Image(volume.array, affine), folder / f"scan-{number:02d}.nii.gz")


def test_scans_without_masks_give_their_midsagittal_slices(tmp_path: Path) -> None:
    _save_heads(tmp_path, 3)
    train = list(unlabelled_slices([tmp_path], "train"))
    val = list(unlabelled_slices([tmp_path], "val"))
    assert (len(train), len(val)) == (2, 1)
    for one in train + val:
        assert one.image.shape == one.mask.shape
        assert one.image.std() > 0
        assert not one.mask.any()


def test_a_broken_scan_does_not_stop_the_others(tmp_path: Path) -> None:
    _save_heads(tmp_path, 3)
    whole = (tmp_path / "scan-01.nii.gz").read_bytes()
    (tmp_path / "scan-01.nii.gz").write_bytes(whole[: len(whole) // 2])
    assert len(list(unlabelled_slices([tmp_path], "train"))) == 1


def test_a_folder_without_any_usable_scan_is_refused(tmp_path: Path) -> None:
    _save_heads(tmp_path, 1)
    with pytest.raises(DataError, match="list-series"):
        list(unlabelled_slices([tmp_path], "train"))


@pytest.mark.shared
def test_real_series_and_labelled_pairs_both_serve(shared_data: Path) -> None:
    enhanced = shared_data / "dicom" / "xa30-enhanced"
    assert len(list(unlabelled_slices([enhanced], "val"))) == 1
    first = next(iter(unlabelled_slices([shared_data / "abide-cc"], "val")))
    assert first.image.shape == (512, 512)
    assert not first.mask.any()
