from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from callosal.models.errors import DataError
from callosal.pipelines.datasets.slice_bank import SliceBank
from callosal.pipelines.training.datamodule import BankDataset, SliceDataModule, bank_loader


def _pairs(folder: Path, site: str, splits: list[str]) -> Path:
    """A folder of pairs of one slice each: noise with a bright square."""
    rows = ["participant_id\tsite\tsplit"]
    # No two folders hold one picture: that would be a leak between the splits.
    draws = np.random.default_rng(sum(map(ord, site)))
    for index, split in enumerate(splits):
        name = f"sub-{site}{index}"
        mask = np.zeros((1, 64, 64), np.uint8)
        mask[0, 20:40, 28:36] = 1
        image = draws.uniform(0, 50, mask.shape) + 100 * mask
        (folder / name).mkdir(parents=True)
        for pixels, ending in ((image, "T1w"), (mask, "label-CC_mask")):
            saved = nib.Nifti1Image(pixels.astype(np.float32), np.eye(4))
            nib.save(saved, folder / name / f"{name}_{ending}.nii.gz")
        rows.append(f"{name}\t{site}\t{split}")
    (folder / "participants.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def test_folders_of_made_pairs_have_the_same_share_of_training_alone(tmp_path: Path) -> None:
    real = _pairs(tmp_path / "real", "real", ["train", "val"])
    made = _pairs(tmp_path / "made", "made", ["train", "train", "train", "val"])
    data = SliceDataModule(root=real, also=[made], spacing_mm=1.0, size=64)
    data.setup("fit")
    assert sorted(data._banks["train"].sites) == ["made"] * 3 + ["real"] * 3
    assert data._banks["val"].sites == ("real",)


def test_a_missing_folder_beside_the_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data.also: .*none does not exist"):
        SliceDataModule(root=tmp_path, also=[tmp_path / "none"])


def test_a_batch_is_made_of_its_slices() -> None:
    draws = np.random.default_rng(0)
    images = draws.uniform(0, 1, (5, 16, 16)).astype(np.float16)
    masks = (images > 0.5).astype(np.uint8)
    bank = SliceBank(tuple("abcde"), ("one",) * 5, images, masks, 1.0)
    batches = list(bank_loader(bank, 2))
    assert [batch["image"].shape for batch in batches] == [(2, 1, 16, 16)] * 2 + [(1, 1, 16, 16)]
    for key, values in (("image", images), ("mask", masks)):
        together = torch.cat([batch[key] for batch in batches])
        assert together.dtype == torch.float32
        assert np.array_equal(together[:, 0].numpy(), values.astype(np.float32))
        assert torch.equal(BankDataset(bank)[3][key], together[3])
