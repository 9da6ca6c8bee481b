import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from callosal.models.errors import DataError
from callosal.pipelines.commands.slabs import slabs
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.training.contrast import WEIGHTINGS
from callosal.pipelines.training.slab_folder import itk_matrix, read_slab_table
from callosal.pipelines.training.slab_settings import SlabSettings

HEADER = "exam\tsplit\timage\treference\tmotion\tcount\tnatural\n"


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one head as NIfTI, one of noise, and a table of both."""
    folder = tmp_path_factory.mktemp("heads")
    head = phantom_head(1).volume
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ head.affine
    noise = np.random.default_rng(0).normal(100, 30, (60, 90, 90)).clip(0)
    for name, voxels in (("one_T1w", head.array), ("two_T1w", noise)):
        nib.save(nib.Nifti1Image(voxels.astype(np.float32), ras), folder / f"{name}.nii.gz")
    rows = [
        "one\ttrain\tone_T1w.nii.gz\tone_T1w.nii.gz\t\t3\t0.5\n",
        "two\tval\ttwo_T1w.nii.gz\ttwo_T1w.nii.gz\t\t2\t0.5\n",
    ]
    (folder / "heads.tsv").write_text(HEADER + "".join(rows))
    return folder


def test_slabs_of_a_table_are_read_by_fit_and_a_bad_head_stops_nothing(
    heads: Path, tmp_path: Path
) -> None:
    assert slabs(heads / "heads.tsv", tmp_path / "slabs", seed=4) == 2
    found = list(read_split(tmp_path / "slabs", "train"))
    assert [one.site for one in found] == ["one"] * len(found)
    assert 2 <= len(found) <= 3
    for one in found:
        assert one.image.shape == one.mask.shape == (448, 448)
        assert 100 < one.mask.sum() * 0.25 < 1500
        assert one.image.max() > 0
    manifest = json.loads((tmp_path / "slabs" / "manifest.json").read_text())
    assert manifest["seed"] == 4
    assert manifest["sources"] == ["one_T1w.nii.gz", "two_T1w.nii.gz"]


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "heads.tsv"
    table.write_text("exam\timage\none\ta.nii.gz\n")
    with pytest.raises(DataError, match="its columns are exam, split"):
        read_slab_table(table)


def test_an_itk_transform_is_read_about_its_centre(tmp_path: Path) -> None:
    path = tmp_path / "moved.txt"
    path.write_text(
        "#Insight Transform File V1.0\nTransform: AffineTransform_double_3_3\n"
        "Parameters: 0 -1 0 1 0 0 0 0 1 5 6 7\nFixedParameters: 10 0 0\n"
    )
    moved = itk_matrix(path) @ [10.0, 0, 0, 1]
    assert moved.tolist() == [15, 6, 7, 1]
    path.write_text("Parameters: 1 2\n")
    with pytest.raises(DataError, match="not an affine transform"):
        itk_matrix(path)


def test_weightings_have_the_names_of_the_settings() -> None:
    assert SlabSettings().near == tuple(WEIGHTINGS)


@pytest.mark.parametrize("name", ["head_slabs", "scout_slabs", "reformat_slabs"])
def test_the_tables_of_the_release_are_read(name: str) -> None:
    root = Path(__file__).resolve().parents[2] / "benchmarks" / "release"
    sources = read_slab_table(root / f"{name}.tsv")
    assert {one.split for one in sources} == {"train"}
    assert not {one.exam for one in sources} & {"ge149", "ms04a", "old08", "uih_T1w"}
