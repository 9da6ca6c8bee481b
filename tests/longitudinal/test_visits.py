"""Which images are the visits of a participant, and why others are none."""

from pathlib import Path

from callosal.pipelines.bids.dataset import BidsImage
from callosal.pipelines.longitudinal.visits import images_of_series, read_series


def image(name: str) -> BidsImage:
    stem = name.rpartition("/")[2].split(".")[0]
    entities = dict(part.split("-") for part in stem.split("_")[:-1])
    return BidsImage(Path(name), name, entities, stem.rpartition("_")[2])


def test_images_of_one_acquisition_over_sessions_are_a_series() -> None:
    names = [
        "sub-1/ses-1/anat/sub-1_ses-1_acq-a_run-1_T1w.nii.gz",
        "sub-1/ses-1/anat/sub-1_ses-1_acq-a_run-2_T1w.nii.gz",
        "sub-1/ses-2/anat/sub-1_ses-2_acq-a_T1w.nii.gz",
        "sub-1/ses-2/anat/sub-1_ses-2_acq-b_T1w.nii.gz",
        "sub-1/ses-3/anat/sub-1_ses-3_acq-a_FLAIR.nii.gz",
    ]
    found = images_of_series(map(image, names))
    assert list(found) == ["sub-1_acq-a_T1w"]
    assert [one.name for one in found["sub-1_acq-a_T1w"]] == names[:3]


def test_what_cannot_be_a_visit_says_why(tmp_path: Path) -> None:
    images = [image(f"sub-1/ses-{n}/anat/sub-1_ses-{n}_T1w.nii.gz") for n in (1, 2)]
    case = tmp_path / "runs" / "sub-1" / "cases" / "sub-1_ses-2_T1w"
    case.mkdir(parents=True)
    (case / "plan.json").write_text("{}")
    series = read_series("sub-1_T1w", images, tmp_path, tmp_path)
    assert series.visits == ()
    assert [left.code for left in series.left_out] == ["not_measured", "invalid_plan"]
