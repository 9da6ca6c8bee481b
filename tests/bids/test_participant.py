"""The participant level through the real command: names, derivatives, faults, resume."""

import csv
import json
import shutil
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

pytest.importorskip("ancpbids", reason="needs the extra `bids`")
from callosal.pipelines.bids.tsv import read_tsv
from callosal.pipelines.bids.validation import validate
from callosal.pipelines.cli import main
from callosal.pipelines.planning.plan_validation import validate_plan

FIRST = "sub-01/ses-1/anat/sub-01_ses-1_run-01"
SECOND = "sub-01/ses-2/anat/sub-01_ses-2"


def test_each_image_has_its_derivatives_under_its_name(derivatives: Path) -> None:
    for prefix in (FIRST, SECOND):
        for ending in (
            "desc-callosum_mask.nii.gz", "desc-callosum_mask.json", "desc-callosum_morph.tsv",
            "space-midsagittal_desc-callosum_mask.nii.gz", "desc-callosum_thickness.tsv",
            "seg-witelson_desc-callosum_dseg.nii.gz", "seg-witelson_desc-callosum_dseg.tsv",
            "desc-callosum_plan.json",
        ):  # fmt: skip
            assert (derivatives / f"{prefix}_{ending}").is_file(), ending
        name = Path(prefix).name
        for what in ("overlay", "parcels"):
            figure = derivatives / "sub-01" / "figures" / f"{name}_desc-callosum_{what}.png"
            assert figure.read_bytes().startswith(b"\x89PNG")
    with (derivatives / "runs" / "sub-01" / "results.csv").open() as stream:
        names = [row["case_id"] for row in csv.DictReader(stream)]
    assert names == ["sub-01_ses-1_run-01_T1w", "sub-01_ses-2_T1w"]
    assert not list(derivatives.rglob("*T2w*"))


def test_the_masks_lie_on_the_image(dataset: Path, derivatives: Path) -> None:
    image = nib.load(dataset / f"{FIRST}_T1w.nii.gz")
    mask = nib.load(derivatives / f"{FIRST}_desc-callosum_mask.nii.gz")
    parts = nib.load(derivatives / f"{FIRST}_seg-witelson_desc-callosum_dseg.nii.gz")
    np.testing.assert_array_equal(mask.affine, image.affine)
    assert mask.shape == parts.shape == image.shape
    inside, labels = np.asarray(mask.dataobj), np.asarray(parts.dataobj)
    # The phantom's callosum is brighter than what surrounds it, and crosses x = 0.
    plan = json.loads((derivatives / f"{FIRST}_desc-callosum_plan.json").read_text())
    area_mm2 = plan["morphometry"]["area_mm2"]
    assert inside.sum() * 4.0 == pytest.approx(area_mm2, rel=0.15)
    places = np.argwhere(inside) @ image.affine[:3, :3].T + image.affine[:3, 3]
    assert np.abs(places[:, 0]).max() <= 2.0
    assert set(np.unique(labels)) <= {0, *range(1, 9)}
    assert ((labels > 0) == (inside > 0)).mean() == 1.0


def test_the_table_has_the_measures_of_the_plan(derivatives: Path) -> None:
    plan = json.loads((derivatives / f"{SECOND}_desc-callosum_plan.json").read_text())
    validate_plan(plan)
    (row,) = read_tsv(derivatives / f"{SECOND}_desc-callosum_morph.tsv")
    assert (row["participant_id"], row["session_id"]) == ("sub-01", "ses-2")
    assert row["status"] == plan["status"] == "ok"
    assert float(str(row["area_mm2"])) == plan["morphometry"]["area_mm2"]
    profile = read_tsv(derivatives / f"{SECOND}_desc-callosum_thickness.tsv")
    thickness = [float(str(place["thickness_mm"])) for place in profile]
    assert thickness == plan["morphometry"]["thickness_profile_mm"]
    words = json.loads((derivatives / "desc-callosum_morph.json").read_text())
    assert set(row) <= set(words)


def test_a_broken_image_has_a_row_with_its_reason(derivatives: Path) -> None:
    (row,) = read_tsv(derivatives / "sub-02/anat/sub-02_desc-callosum_morph.tsv")
    assert row["status"] in ("failed", "skipped")
    assert row["reasons"]
    assert not list((derivatives / "sub-02").rglob("*_mask.nii.gz"))


def test_the_description_names_its_source_without_an_absolute_path(derivatives: Path) -> None:
    description = json.loads((derivatives / "dataset_description.json").read_text())
    assert description["GeneratedBy"][0]["Name"] == "callosal"
    assert description["SourceDatasets"][0]["URL"].endswith("/phantoms")
    assert not description["DatasetLinks"]["raw"].startswith("/")
    root = str(derivatives.parents[1])
    texts = [path for path in derivatives.rglob("*") if path.suffix in (".json", ".tsv", ".html")]
    assert not [path for path in texts if root in path.read_text(encoding="utf-8")]


def test_a_second_run_keeps_what_is_finished_and_restores_what_is_lost(
    dataset: Path, derivatives: Path, tmp_path: Path
) -> None:
    output = tmp_path / "callosal"
    shutil.copytree(derivatives, output)
    done = output / "runs" / "sub-01" / "cases" / "sub-01_ses-2_T1w" / "done.json"
    written = done.stat().st_mtime_ns
    lost = output / f"{SECOND}_desc-callosum_mask.nii.gz"
    lost.unlink()
    words = ["bids", str(dataset), str(output), "participant", "--participant-label", "01"]
    assert main([*words, "--session-label", "2", "--skip-bids-validation"]) == 0
    assert done.stat().st_mtime_ns == written
    assert lost.read_bytes() == (derivatives / f"{SECOND}_desc-callosum_mask.nii.gz").read_bytes()
    # The other session is still in the tables of the participant.
    assert "run-01" in (output / "runs" / "sub-01" / "results.csv").read_text()


def test_without_ray_the_extra_is_named(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for name in ("bids.ray_participants", "batch.ray_engine", "batch.ray_pool"):
        monkeypatch.delitem(sys.modules, f"callosal.pipelines.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    words = ["bids", str(dataset), str(tmp_path / "out"), "participant", "--engine", "ray"]
    assert main([*words, "--skip-bids-validation", "--device", "cpu"]) == 1
    assert "pip install '.[ray]'" in capsys.readouterr().err


@pytest.mark.slow  # starts the validator, which needs some seconds
def test_the_derivatives_are_valid_bids(derivatives: Path) -> None:
    said = validate(derivatives)
    if "no BIDS validator" in said:
        pytest.skip(said)
    assert said.startswith("valid by")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["{d}", "{d}", "participant"], 3, "is the dataset itself"),
        (["{d}/sub-01", "{o}", "participant"], 1, "no_bids_dataset"),
        (["{d}", "{o}", "participant", "--participant-label", "9"], 1, "no_such_participant"),
        (["{d}", "{o}", "participants"], 3, "participant"),
        (["{d}", "{o}", "participant", "--part-id", "2"], 3, "--num-parts"),
        (["{d}", "{o}", "group", "--participant-label", "01"], 3, "takes every result"),
        (["{d}", "{o}", "longitudinal", "--engine", "ray"], 3, "works in this process"),
    ],
)
def test_wrong_calls_are_answered_in_words(
    words: list[str], code: int, told: str, dataset: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    places = {"d": str(dataset), "o": str(tmp_path / "o")}
    spelt = [word.format(**places) for word in words]
    assert main(["bids", *spelt, "--skip-bids-validation"]) == code
    assert told in capsys.readouterr().err
    assert not (tmp_path / "o" / "runs").exists()
