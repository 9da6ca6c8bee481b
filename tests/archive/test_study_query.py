"""Keys of studies, from a UID or a file; no message repeats a value."""

from pathlib import Path

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.archive.study_query import of_study, read_queries


def _written(folder: Path, text: str) -> Path:
    path = folder / "query.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_may_ask_once_or_several_times(tmp_path: Path) -> None:
    (one,) = read_queries(_written(tmp_path, "StudyDate: 20240101-20240131\nPatientSex: F\n"))
    assert one.keys == {"StudyDate": "20240101-20240131", "PatientSex": "F"}
    text = "- StudyInstanceUID: '1.2.3'\n- {StudyDate: 20240131, PatientName: 'Doe*'}\n"
    first, second = read_queries(_written(tmp_path, text))
    assert first.keys == {"StudyInstanceUID": "1.2.3"}
    assert second.keys == {"StudyDate": "20240131", "PatientName": "Doe*"}


@pytest.mark.parametrize(
    "text",
    ["", "Secret", "PatientID: '*'", "{}", "[]", "Secret: 1", "SeriesDate: '20240101'",
     "PatientID: [Secret]", "PatientID: 'Secret\\\\x'", "PatientID: true", "a: [", "1: 2",
     "!!python/object/apply:os.system ['true']"],
)  # fmt: skip
def test_what_is_no_query_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_queries(_written(tmp_path, text))
    assert caught.value.code == "bad_query"
    assert "Secret'" not in str(caught.value).replace("'Secret' is no key", "")


@pytest.mark.parametrize("uid", ["", "1", "1.2.*", "1." + "2" * 64, "1.2\\3"])
def test_a_study_is_named_by_a_uid(uid: str) -> None:
    with pytest.raises(InputError, match="--study"):
        of_study(uid)
