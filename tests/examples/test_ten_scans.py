import json
import runpy
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from callosal.pipelines.phantom import phantom_slice

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "examples" / "ten_scans.py"


def write_pairs(folder: Path, names: list[str], split: str = "train") -> Path:
    """Phantom pairs as `fit` takes them; the last one is for validation."""
    rows = ["participant_id\tsite\tsplit"]
    for seed, name in enumerate(names):
        place = folder / name
        place.mkdir(parents=True)
        rows.append(f"{name}\there\t{'val' if name == names[-1] else split}")
        affine = np.array([[1, 0, 0, 0], [0, -1.0, 0, 90], [0, 0, -1.0, 90], [0, 0, 0, 1]])
        for suffix, pixels in zip(("T1w", "label-CC_mask"), phantom_slice(seed, (192, 192)),
                                  strict=True):  # fmt: skip
            # Rows run down and columns back; the axes of the file are right, front, up.
            nifti = nib.Nifti1Image(pixels.T[None], affine)
            nib.save(nifti, place / f"{name}_{suffix}.nii.gz")
    (folder / "participants.tsv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.mark.slow
def test_own_scans_alone_are_trained_on_exported_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pytorch_lightning", reason="training needs the extra `train`")
    own = write_pairs(tmp_path / "own", [f"sub-{number:02d}" for number in range(4)])
    options = ["--trainer.max_steps=2", "--trainer.val_check_interval=1", "--trainer.precision=32",
               "--trainer.accelerator=cpu", "--data.batch_size=2", "--data.size=192",
               "--data.augmentation.crop_mm=64", "--model.net.widths=[8, 16]"]  # fmt: skip
    command = [SCRIPT, own, "--output", tmp_path / "out", "--count", "0", "--fit", *options]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(word) for word in command])
    # The plan angle of the noise that two steps leave takes a second, at each of 18 shapes.
    monkeypatch.setattr("callosal.export.parity.SIZES", ((97, 131),))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert ended.value.code == 0
    assert (tmp_path / "out" / "model.onnx").is_file()
    figures = json.loads((tmp_path / "out" / "figures" / "metrics.json").read_text())
    assert 0 <= figures["overall"]["dice"]["mean"] <= 1
