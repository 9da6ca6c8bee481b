import warnings
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file

from callosal.models.errors import InputError
from callosal.pipelines.dicom.headers import read_header
from callosal.pipelines.dicom.tree import walk_files
from callosal.pipelines.hospital.identity import UNKNOWN_MOMENT, read_identity
from tests.dicom.make_series import SeriesRecipe, make_slice, write_slices


def identity_of(tmp_path: Path, **tags: object):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_slices(tmp_path, [make_slice(SeriesRecipe(tags=tags), 0)])
    (entry,) = walk_files(tmp_path)
    return read_identity(read_header(entry))


def test_names_come_through_in_any_character_set(tmp_path):
    folder = {"greek": "ISO_IR 126", "japanese": ["", "ISO 2022 IR 87"], "utf": "ISO_IR 192"}
    names = {"greek": "Διονυσιος", "japanese": "Yamada^Tarou=山田^太郎", "utf": "Łucja^Ś"}
    for word, charset in folder.items():
        found = identity_of(tmp_path / word, SpecificCharacterSet=charset, PatientName=names[word])
        assert found.elements["PatientName"] == names[word]


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientBirthDate", "about 1970"),
        ("PatientSex", "X"),
        ("StudyDate", "2024-02-29"),
        ("StudyDate", "20240230"),
        ("StudyTime", "noon"),
        ("StudyTime", "2561"),
        ("AccessionNumber", "7" * 17),
        ("StudyDescription", "x" * 65),
    ],
)
def test_what_keeps_no_standard_is_left_empty(tmp_path, keyword, value):
    assert identity_of(tmp_path, **{keyword: value}).elements[keyword] == ""


@pytest.mark.parametrize(
    ("keyword", "length"), [("StudyDescription", 65), ("AccessionNumber", 17), ("StudyID", 17)]
)
def test_a_text_longer_than_its_kind_is_left_empty(tmp_path, keyword, length):
    assert identity_of(tmp_path / "a", **{keyword: "x" * length}).elements[keyword] == ""
    kept = "x" * (length - 1)
    assert identity_of(tmp_path / "b", **{keyword: kept}).elements[keyword] == kept


def test_each_spelling_of_a_name_has_its_own_length(tmp_path):
    name = f"{'a' * 60}^B={'c' * 60}^D"
    found = identity_of(tmp_path, PatientName=name, SpecificCharacterSet="ISO_IR 192")
    assert found.elements["PatientName"] == name


def test_an_overlong_patient_id_is_neither_cut_nor_dropped(tmp_path):
    with pytest.raises(InputError, match="PatientID: has 65 characters") as caught:
        identity_of(tmp_path, PatientID="1" * 65)
    assert caught.value.code == "overlong_id"
    assert "1" * 65 not in str(caught.value)


def test_a_name_is_one_line_of_printable_text(tmp_path):
    found = identity_of(tmp_path, PatientName="A\x1b[31m^B", PatientID="7\r\n8\t")
    assert found.elements["PatientName"] == "A[31m^B"
    assert found.elements["PatientID"] == "78"


@pytest.mark.parametrize(
    ("tags", "moment"),
    [
        ({}, UNKNOWN_MOMENT),
        ({"StudyDate": "20240229"}, ("20240229", "000000")),
        ({"StudyDate": "20240228", "StudyTime": "01", "SeriesDate": "20240229",
          "SeriesTime": "235959.5"}, ("20240229", "235959.5")),
        ({"SeriesDate": "bad", "StudyDate": "20240229", "StudyTime": "1011"},
         ("20240229", "1011")),
    ],
)  # fmt: skip
def test_the_moment_is_that_of_the_images(tmp_path, tags, moment):
    assert identity_of(tmp_path, **tags).moment == moment


@pytest.mark.parametrize("name", ["MR_small_bigendian.dcm", "MR_small_implicit.dcm"])
def test_every_encoding_is_read(name):
    source = Path(get_testdata_file(name))
    (entry,) = walk_files(source)
    found = read_identity(read_header(entry))
    assert found.elements["PatientID"] == dcmread(source).PatientID
    assert found.sop_class_uid == dcmread(source).SOPClassUID
