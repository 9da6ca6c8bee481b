"""Reviewed cases become a folder that `fit` reads."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from callosal.models.errors import CallosalError
from callosal.pipelines.cli import main
from callosal.pipelines.commands.collect import collect
from callosal.pipelines.datasets.nifti_pairs import read_split
from callosal.pipelines.datasets.participants import read_participants
from callosal.pipelines.review.case_files import case_names, read_case
from callosal.pipelines.review.review_document import Decision
from tests.collection.reviews import add_neighbours, case_like, decide
from tests.training.command import ROOT, run_callosal


@pytest.fixture
def reviewed(run: Path) -> Path:
    """One person accepted twice, one with a corrected mask, one rejected."""
    for name in case_names(run)[:2]:
        decide(run, name, Decision.ACCEPTED)
    decide(run, case_like(run, "sub-02"), Decision.CORRECTED, grown=2)
    decide(run, case_like(run, "sub-03"), Decision.REJECTED)
    return run


def test_accepted_and_corrected_masks_are_pairs_and_nobody_is_in_two_splits(
    reviewed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    assert main(["collect", str(reviewed), "--output", str(data)]) == 0
    told = capsys.readouterr().out
    assert "left out: 1 cases, rejected" in told
    assert "callosal fit --config" in told
    people = read_participants(data)
    assert len({person.split for person in people if person.subject == "sub-0001"}) == 1
    assert {person.split for person in people} == {"train", "val"}
    entries = {entry["participant_id"]: entry for entry in
               json.loads((data / "manifest.json").read_text())["cases"]}  # fmt: skip
    for split in ("train", "val"):
        for pair in read_split(data, split):
            entry = entries[pair.name]
            case = read_case(reviewed, entry["case_id"])
            np.testing.assert_array_equal(pair.image, np.rint(case.midsagittal.pixels))
            assert pair.spacing_mm == pytest.approx(case.midsagittal.spacing_mm)
            assert case.mask is not None
            grew = int(pair.mask.sum()) - int(case.mask.sum())
            assert (grew > 0) == (entry["mask"] == "drawn") == ("sub-02" in entry["case_id"])


def test_what_carries_no_label_of_a_person_is_left_out_and_said(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = case_names(run)
    decide(run, names[0], Decision.CORRECTED, turn_deg=4.0)
    for name in names[1:]:
        decide(run, name, Decision.ACCEPTED)
    (run / "cases" / names[1] / "mask.nii.gz").unlink()
    plan = run / "cases" / names[2] / "plan.json"
    plan.write_text(plan.read_text() + " ")
    with pytest.raises(CallosalError) as error:
        collect([run], tmp_path / "data")
    assert error.value.code == "one_subject", "one case is left"
    assert main(["collect", str(run), "--output", str(tmp_path / "data")]) == 1
    decide(run, names[0], Decision.CORRECTED, grown=2)
    capsys.readouterr()
    assert main(["collect", str(run), "--output", str(tmp_path / "data")]) == 2
    told = capsys.readouterr().out
    assert "1 cases, no_mask" in told
    assert "1 cases, review_of_earlier_plan" in told


def test_slices_beside_the_midsagittal_one_are_pairs_of_the_same_person(
    reviewed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third, other = case_names(reviewed)
    for name in (first, third, other):
        add_neighbours(reviewed, name)
    mask = read_case(reviewed, third).mask
    assert mask is not None
    drawn, empty = np.roll(mask, 3, axis=1), np.zeros_like(mask)
    decide(reviewed, third, Decision.ACCEPTED, beside={-2.0: drawn, 4.0: empty})
    # Of a case whose region alone was corrected, what was drawn beside it is a label all the same.
    decide(reviewed, other, Decision.CORRECTED, turn_deg=4.0, beside={2.0: drawn})
    data = tmp_path / "data"
    assert main(["collect", str(reviewed), "--output", str(data)]) == 0
    assert "1 slices beside" in capsys.readouterr().out
    entries = json.loads((data / "manifest.json").read_text())["cases"]
    assert [(one["case_id"], one["offset_mm"], one["mask"]) for one in entries] == [
        (first, 0, "accepted"), (second, 0, "accepted"), (third, 0, "accepted"),
        (third, -2, "drawn"), (other, 2, "drawn"),
    ]  # fmt: skip
    assert entries[3]["participant_id"] == entries[2]["participant_id"] + "_acq-left2mm"
    people = {person.name: person for person in read_participants(data)}
    assert len({people[one["participant_id"]].split for one in entries[2:4]}) == 1
    pairs = {pair.name: pair for split in ("train", "val") for pair in read_split(data, split)}
    beside, middle = (pairs[entries[index]["participant_id"]] for index in (3, 2))
    np.testing.assert_array_equal(beside.mask, drawn)
    assert beside.spacing_mm == pytest.approx(middle.spacing_mm)
    assert np.abs(beside.image.astype(int) - middle.image).max() < 100


def test_a_run_that_nobody_has_reviewed_gives_nothing(run: Path, tmp_path: Path) -> None:
    with pytest.raises(CallosalError) as error:
        collect([run], tmp_path / "data")
    assert error.value.code == "nothing_to_collect"
    assert not (tmp_path / "data").exists()


def test_a_picture_of_two_runs_is_taken_once_and_a_data_set_is_not_written_over(
    reviewed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    again = shutil.copytree(reviewed, tmp_path / "again")
    assert main(["collect", str(reviewed), str(again), "--output", str(data)]) == 0
    assert "3 cases, same_picture" in capsys.readouterr().out
    assert len(read_participants(data)) == 3
    with pytest.raises(CallosalError) as error:
        collect([reviewed], data)
    assert error.value.code == "output_in_use"


def _renamed(run: Path) -> list[str]:
    """Cases without a name that tells the person, as those of DICOM are."""
    for number, name in enumerate(case_names(run)):
        (run / "cases" / name).rename(run / "cases" / f"case-{number:012d}")
    names = list(case_names(run))
    for name in names:
        decide(run, name, Decision.ACCEPTED)
    return names


def _report(run: Path, name: str, patient: str) -> None:
    """A report that names a patient, as far as `collect` reads it."""
    report = Dataset()
    report.file_meta = FileMetaDataset()
    report.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    report.SOPClassUID, report.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.34", "2.25.1"
    report.PatientID = patient
    report.save_as(run / "cases" / name / "plan_sr.dcm", enforce_file_format=True)


def test_patients_are_told_apart_by_their_reports_and_never_written(
    run: Path, tmp_path: Path
) -> None:
    names = _renamed(run)
    for name, patient in zip(names, ("QVX-1", "QVX-2", "QVX-1", "QVX-2"), strict=True):
        _report(run, name, patient)
    collect([run], tmp_path / "data")
    entries = json.loads((tmp_path / "data" / "manifest.json").read_text())["cases"]
    subjects = {entry["case_id"]: entry["participant_id"][:8] for entry in entries}
    assert [subjects[name] for name in names] == ["sub-0001", "sub-0002", "sub-0001", "sub-0002"]
    found = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert [path for path in found if b"QVX" in path.read_bytes() or "QVX" in path.name] == []


def test_an_id_of_an_anonymiser_is_nobodys(run: Path, tmp_path: Path) -> None:
    names = _renamed(run)
    for name, patient in zip(names, ("QVX-1", "anonymous", "Anonymous", "QVX-2"), strict=True):
        _report(run, name, patient)
    with pytest.raises(CallosalError, match="2 cases") as error:
        collect([run], tmp_path / "data")
    assert error.value.code == "unknown_subject"


def test_unknown_persons_need_a_table_or_a_word(run: Path, tmp_path: Path) -> None:
    names = _renamed(run)
    with pytest.raises(CallosalError) as error:
        collect([run], tmp_path / "data")
    assert error.value.code == "unknown_subject"
    words = ["collect", str(run), "--output"]
    assert main([*words, str(tmp_path / "each"), "--one-case-each"]) == 0
    assert len({person.subject for person in read_participants(tmp_path / "each")}) == 4
    table = tmp_path / "who.tsv"
    rows = [f"{name}\t{'ab'[i % 2]}\tX\t{('val', 'train')[i % 2]}" for i, name in enumerate(names)]
    table.write_text("\n".join(["case_id\tsubject\tsite\tsplit", *rows]))
    assert main([*words, str(tmp_path / "told"), "--subjects", str(table)]) == 0
    people = read_participants(tmp_path / "told")
    assert {(person.subject, person.split, person.site) for person in people} == {
        ("sub-0001", "val", "X"), ("sub-0002", "train", "X"),
    }  # fmt: skip
    table.write_text(table.read_text().replace("\tval", "\ttrain", 1))
    with pytest.raises(CallosalError) as error:
        collect([run], tmp_path / "leak", subjects=table)
    assert error.value.code == "split_leak"


@pytest.mark.slow
def test_collect_fit_export_infer(
    reviewed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished_slices: Path
) -> None:
    pytest.importorskip("pytorch_lightning", reason="training needs the extra `train`")
    assert main(["collect", str(reviewed), "--output", str(tmp_path / "data")]) == 0
    words = ["--data.root=data", "--trainer.max_steps=2", "--trainer.val_check_interval=2",
             "--trainer.precision=32", "--trainer.accelerator=cpu", "--data.batch_size=2",
             "--data.size=192", "--data.augmentation.crop_mm=64",
             "--trainer.callbacks+=ExportedWeights",
             "--trainer.callbacks.model=attention_unet"]  # fmt: skip
    config = str(ROOT / "configs" / "attention_unet.yaml")
    done = run_callosal("fit", "--config", config, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    (checkpoint,) = tmp_path.glob("runs/*/version_0/checkpoints/last.ckpt")
    model = tmp_path / "model.onnx"
    monkeypatch.setattr("callosal.export.parity.SIZES", ((97, 131),))
    words = ["--checkpoint", str(checkpoint), "--output", str(model)]
    assert run_callosal("export", *words, cwd=tmp_path).returncode == 0
    image = sorted(finished_slices.parent.glob("*.nii.gz"))[0]
    words = ["infer", str(image), "--output", str(tmp_path / "again"), "--model", str(model)]
    assert main([*words, "--device", "cpu"]) in (0, 2)
    (plan,) = (tmp_path / "again").glob("cases/*/plan.json")
    assert json.loads(plan.read_text())["final"] is not None
