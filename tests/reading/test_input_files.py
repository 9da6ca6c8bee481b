from pathlib import Path

from callosal.pipelines.dicom.headers import Header
from callosal.pipelines.dicom.tree import FileEntry, Skipped
from callosal.pipelines.reading.input_files import scan_inputs
from tests.dicom.make_series import SeriesRecipe, make_slice


def test_each_kind_of_file(tmp_path: Path):
    make_slice(SeriesRecipe(), 0).save_as(tmp_path / "a", enforce_file_format=True)
    (tmp_path / "b.NII.gz").write_bytes(b"x")
    (tmp_path / "c_dseg.nii").write_bytes(b"x")
    (tmp_path / "d").write_bytes(b"x")
    found = list(scan_inputs([tmp_path]))
    assert [type(item) for item in found] == [Header, FileEntry, Skipped, Skipped]
    assert [getattr(item, "code", "") for item in found] == ["", "", "label_image", "not_dicom"]


def test_a_label_image_that_is_named_is_read(tmp_path: Path):
    (tmp_path / "x_mask.nii").write_bytes(b"x")
    (found,) = scan_inputs([tmp_path / "x_mask.nii"])
    assert isinstance(found, FileEntry)


def test_names_tell_the_input_where_there_are_several(tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.nii").write_bytes(b"x")
    found = scan_inputs([tmp_path / "one", tmp_path / "two"])
    assert [item.name for item in found if isinstance(item, FileEntry)] == [
        "one/x.nii",
        "two/x.nii",
    ]
