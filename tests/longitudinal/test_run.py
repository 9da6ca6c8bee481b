"""The longitudinal level through the real command: a head that shrank by a known amount."""

import csv
import json
import re
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

pytest.importorskip("ancpbids", reason="needs the extra `bids`")
from callosal.pipelines.bids.tsv import read_tsv
from callosal.pipelines.cli import main
from callosal.pipelines.geometry.nifti_file import LPS_TO_RAS
from callosal.pipelines.phantom import phantom_head

SCALE = 0.99
AREA_PCT = 200 * (SCALE**2 - 1) / (SCALE**2 + 1)
STEM = "sub-01_desc-callosum"


def write_visit(dataset: Path, name: str, seed: int, change: np.ndarray) -> None:
    """A phantom in another place: its header moves and scales it, so no voxel is resampled."""
    path = dataset / name
    path.parent.mkdir(parents=True, exist_ok=True)
    volume = phantom_head(seed, (80, 120, 120), (2.0, 2.0, 2.0)).volume
    voxels = volume.array.round().astype("int16")
    nib.save(nib.Nifti1Image(voxels, LPS_TO_RAS @ change @ volume.affine), path)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("visits")
    dataset, output = root / "data", root / "out"
    moved = np.eye(4)
    turn = Rotation.from_rotvec(np.radians([3.0, -2.0, 4.0])).as_matrix()
    moved[:3, :3], moved[:3, 3] = SCALE * turn, (4.0, -3.0, 2.0)
    write_visit(dataset, "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz", 1, np.eye(4))
    write_visit(dataset, "sub-01/ses-2/anat/sub-01_ses-2_T1w.nii.gz", 1, moved)
    # The second session of this one is another head.
    write_visit(dataset, "sub-02/ses-1/anat/sub-02_ses-1_T1w.nii.gz", 1, np.eye(4))
    write_visit(dataset, "sub-02/ses-2/anat/sub-02_ses-2_T1w.nii.gz", 2, np.eye(4))
    (dataset / "dataset_description.json").write_text(
        json.dumps({"Name": "Phantoms", "BIDSVersion": "1.10.0", "DatasetType": "raw"})
    )
    (dataset / "sub-01" / "sub-01_sessions.tsv").write_text(
        "session_id\tacq_time\nses-1\t2020-01-01T00:00:00\nses-2\t2022-01-01T00:00:00\n"
    )
    words = ["bids", str(dataset), str(output)]
    assert main([*words, "participant", "--skip-bids-validation", "--device", "cpu"]) == 0
    assert main([*words, "longitudinal", "--device", "cpu"]) == 2
    return dataset, output


def test_a_known_shrinking_is_measured(folders: tuple[Path, Path]) -> None:
    rows = {row["measure"]: row for row in read_tsv(folders[1] / "sub-01" / f"{STEM}_change.tsv")}
    area = rows["area_mm2"]
    assert float(str(area["change_pct"])) == pytest.approx(AREA_PCT, abs=0.3)
    assert float(str(area["rate_pct"])) == pytest.approx(AREA_PCT / 2, abs=0.2)
    assert (area["rate_per"], area["n_visits"]) == ("year", "2")
    assert float(str(area["change_pct_low"])) < AREA_PCT < float(str(area["change_pct_high"]))
    length = float(str(rows["midline_length_mm"]["change_pct"]))
    assert length == pytest.approx(AREA_PCT / 2, abs=0.3)
    assert "pv_area_mm2" not in rows


def test_the_table_of_visits_has_every_measure_and_the_profile(folders: tuple[Path, Path]) -> None:
    first, second = read_tsv(folders[1] / "sub-01" / f"{STEM}_visits.tsv")
    assert (first["session_id"], second["session_id"]) == ("ses-1", "ses-2")
    assert (first["years"], round(float(str(second["years"])), 2)) == ("0.0", 2.0)
    assert float(str(first["correlation"])) > 0.9
    assert float(str(first["area_mm2"])) > float(str(second["area_mm2"])) > 100
    assert float(str(second["thickness_050_mm"])) < float(str(first["thickness_050_mm"]))
    assert {"hofer_frahm_midline_1_mm2", "witelson_7_mm2", "thickness_100_mm"} <= set(first)


def test_slices_and_masks_of_the_visits_lie_on_one_grid(folders: tuple[Path, Path]) -> None:
    visits = [f"sub-01/ses-{n}/anat/sub-01_ses-{n}_space-visits_desc-callosum" for n in (1, 2)]
    slices = [nib.load(folders[1] / f"{visit}_T1w.nii.gz") for visit in visits]
    masks = [nib.load(folders[1] / f"{visit}_mask.nii.gz") for visit in visits]
    for image in (*slices, *masks):
        assert image.shape == slices[0].shape
        np.testing.assert_array_equal(image.affine, slices[0].affine)
    one, other = (np.asarray(image.dataobj, dtype=float) for image in slices)
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.95  # of one place, at two scales
    areas = [float(np.asarray(image.dataobj).sum()) for image in masks]
    assert 100 * (areas[1] / areas[0] - 1) == pytest.approx(AREA_PCT, abs=1.0)
    side = json.loads((folders[1] / f"{visits[0]}_mask.json").read_text())
    assert side["SpatialReference"].endswith("_space-visits_desc-callosum_T1w.nii.gz")


def test_the_page_carries_all_and_loads_nothing(folders: tuple[Path, Path]) -> None:
    page = (folders[1] / "sub-01" / f"{STEM}_visits.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert str(folders[0]) not in page
    assert "2020-01-01" not in page
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert block is not None
    data = json.loads(block[1])
    assert [visit["name"] for visit in data["visits"]] == ["ses-1", "ses-2"]
    assert "per year" in page


def test_another_head_is_refused_and_leaves_its_reason_only(folders: tuple[Path, Path]) -> None:
    (record,) = (folders[1] / "sub-02").glob("*desc-callosum_*")
    said = json.loads(record.read_text())
    assert (said["Refused"], said["Visits"]) == ("not_alike", [])
    assert "another person's head" in said["Reason"]
    assert not list((folders[1] / "sub-02").rglob("*space-visits*"))


def test_finished_work_is_kept_and_stale_work_dropped(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, output = folders
    words = ["bids", str(dataset), str(output), "longitudinal", "--device", "cpu"]
    record = output / "sub-01" / f"{STEM}_visits.json"
    written = record.stat().st_mtime_ns
    assert main([*words, "--participant-label", "01"]) == 0
    assert record.stat().st_mtime_ns == written
    assert "finished before" in capsys.readouterr().err
    assert main([*words, "--participant-label", "02"]) == 1
    assert "not_alike" in capsys.readouterr().err
    assert main([*words, "--session-label", "1"]) == 1
    assert "no_sessions" in capsys.readouterr().err
    rows = csv.reader((output / "sub-01" / f"{STEM}_visits.tsv").open(), delimiter="\t")
    assert len(list(rows)) == 3


def test_a_replaced_image_is_not_measured_by_its_old_plan(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset, output = (shutil.copytree(one, tmp_path / one.name) for one in folders)
    words = ["bids", str(dataset), str(output)]
    chosen = ["--participant-label", "01", "--device", "cpu"]
    write_visit(dataset, "sub-01/ses-2/anat/sub-01_ses-2_T1w.nii.gz", 1, np.diag([0.97] * 3 + [1]))
    assert main([*words, "longitudinal", *chosen]) == 1
    assert "sub-01_ses-2_T1w: image_replaced" in capsys.readouterr().err
    assert not (output / "sub-01" / f"{STEM}_change.tsv").exists()
    assert main([*words, "participant", "--skip-bids-validation", *chosen]) == 0
    capsys.readouterr()
    assert main([*words, "longitudinal", *chosen]) == 0
    assert "finished before" not in capsys.readouterr().err
    rows = {row["measure"]: row for row in read_tsv(output / "sub-01" / f"{STEM}_change.tsv")}
    assert -8 < float(str(rows["area_mm2"]["change_pct"])) < -5  # it was that of SCALE before
    assert json.loads((output / "sub-01" / f"{STEM}_visits.json").read_text())["LeftOut"] == {}
