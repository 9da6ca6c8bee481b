"""Which images of a dataset are taken, and that nothing in it is unpickled."""

import json
import pickle
from pathlib import Path

import pytest

pytest.importorskip("ancpbids", reason="needs the extra `bids`")
from callosal.models.errors import InputError
from callosal.pipelines.bids.dataset import Selection, find_images

NAMES = (
    "sub-01/ses-1/anat/sub-01_ses-1_acq-mprage_run-01_T1w.nii.gz",
    "sub-01/ses-1/anat/sub-01_ses-1_acq-mprage_run-02_T1w.nii.gz",
    "sub-01/ses-2/anat/sub-01_ses-2_T1w.nii",
    "sub-01/ses-2/anat/sub-01_ses-2_T1w.nii.gz",
    "sub-01/ses-2/anat/sub-01_ses-2_FLAIR.nii.gz",
    "sub-01/ses-2/func/sub-01_ses-2_task-rest_bold.nii.gz",
    "sub-02/anat/sub-02_ce-gd_T1w.nii.gz",
    "sub-02/anat/sub-03_T1w.nii.gz",
    "sub-02/anat/sub-02_T1w_old.nii.gz",
    "derivatives/other/sub-01/anat/sub-01_T1w.nii.gz",
    "sourcedata/sub-01/anat/sub-01_T1w.nii.gz",
)


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    description = {"Name": "n", "BIDSVersion": "1.10.0"}
    (tmp_path / "dataset_description.json").write_text(json.dumps(description))
    return tmp_path


def names(dataset: Path, selection: Selection) -> list[str]:
    return [Path(image.name).name for image in find_images(dataset, selection).images]


def filtered(dataset: Path, content: object) -> list[str]:
    path = dataset / "filter.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return names(dataset, Selection(filter_file=path))


def test_raw_t1w_images_are_taken_once_each_and_the_others_counted(empty: Path) -> None:
    found = find_images(empty, Selection())
    assert [Path(image.name).name for image in found.images] == [
        "sub-01_ses-1_acq-mprage_run-01_T1w.nii.gz",
        "sub-01_ses-1_acq-mprage_run-02_T1w.nii.gz",
        "sub-01_ses-2_T1w.nii.gz",
        "sub-02_ce-gd_T1w.nii.gz",
    ]
    assert found.unused["FLAIR"] == 1
    assert list(found.by_participant()) == ["sub-01", "sub-02"]
    assert found.images[0].stem == "sub-01_ses-1_acq-mprage_run-01_T1w"
    assert (found.images[0].session, found.images[3].session) == ("ses-1", None)


def test_labels_choose_participants_and_sessions(empty: Path) -> None:
    assert names(empty, Selection(("sub-02",))) == ["sub-02_ce-gd_T1w.nii.gz"]
    assert names(empty, Selection(("01",), ("2",))) == ["sub-01_ses-2_T1w.nii.gz"]
    assert len(names(empty, Selection(("01 02",)))) == 4
    with pytest.raises(InputError, match="it has 01, 02") as raised:
        find_images(empty, Selection(("7",)))
    assert raised.value.code == "no_such_participant"
    with pytest.raises(InputError, match="none of 1 images") as raised:
        find_images(empty, Selection(("02",), filter_file=_write(empty, {"t2w": {}})))
    assert raised.value.code == "no_images"


def test_a_filter_file_refines_and_adds_queries(empty: Path) -> None:
    assert filtered(empty, {"t1w": {"acquisition": "mprage", "run": 2}}) == [
        "sub-01_ses-1_acq-mprage_run-02_T1w.nii.gz"
    ]
    assert filtered(empty, {"t1w": {"acq": None, "ceagent": None}, "flair": {}}) == [
        "sub-01_ses-2_FLAIR.nii.gz", "sub-01_ses-2_T1w.nii.gz",
    ]  # fmt: skip
    assert filtered(empty, {"t1w": {"ce": "*"}}) == ["sub-02_ce-gd_T1w.nii.gz"]


@pytest.mark.parametrize("content", ["[", [], {}, {"t1w": 1}, {"t1w": {"aquisition": "x"}}])
def test_a_broken_filter_file_is_refused(empty: Path, content: object) -> None:
    with pytest.raises(InputError) as raised:
        filtered(empty, content)
    assert raised.value.code == "bad_filter_file"


def test_what_bidsignore_names_is_left_out(empty: Path) -> None:
    (empty / ".bidsignore").write_text("*_ce-gd*\n")
    assert "sub-02_ce-gd_T1w.nii.gz" not in names(empty, Selection())


class _Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (_spring, ("sprung",))


def _spring(word: str) -> None:
    raise AssertionError(word)


def test_a_pickle_that_lies_in_the_dataset_is_not_opened(empty: Path) -> None:
    (empty / ".ancpbids-dataset.pickle").write_bytes(pickle.dumps(_Trap()))
    assert len(names(empty, Selection())) == 4


def _write(dataset: Path, content: object) -> Path:
    path = dataset / "filter.json"
    path.write_text(json.dumps(content))
    return path
