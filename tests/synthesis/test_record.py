import json

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.synthesis.manifest import counts, participants
from callosal.pipelines.synthesis.record import FILE, Candidate, append, open_record

RUN = {"seed": 1, "model": {"name": "m"}}


def candidate(number, reasons=()):
    name = None if reasons else f"sub-{number:06d}"
    findings = {"components": 1, "reasons": list(reasons)}
    return Candidate(number, name, "00", 2000, {"area_mm2": 500.0}, None, findings)


def test_what_was_written_is_read_again(tmp_path):
    done = [candidate(0), candidate(1, ["copy"])]
    assert open_record(tmp_path / "new", RUN) == []
    append(tmp_path / "new", done[:1])
    append(tmp_path / "new", done[1:])
    assert open_record(tmp_path / "new", RUN) == done


def test_a_torn_line_is_done_again(tmp_path):
    open_record(tmp_path, RUN)
    append(tmp_path, [candidate(0), candidate(1)])
    path = tmp_path / FILE
    path.write_text(path.read_text()[:-25])
    assert open_record(tmp_path, RUN) == [candidate(0)]
    append(tmp_path, [candidate(1)])
    assert open_record(tmp_path, RUN) == [candidate(0), candidate(1)]


def test_another_run_is_not_mixed_in(tmp_path):
    open_record(tmp_path, RUN)
    with pytest.raises(InputError, match="seed differ") as error:
        open_record(tmp_path, {**RUN, "seed": 2})
    assert error.value.code == "other_run"


def test_a_foreign_file_of_that_name_is_refused(tmp_path):
    (tmp_path / FILE).write_text("[1, 2]\n")
    with pytest.raises(InputError):
        open_record(tmp_path, RUN)


@pytest.mark.parametrize("count", [2, 9, 20])
def test_both_splits_that_fit_needs_are_there(count):
    rows = participants([candidate(number) for number in range(count)]).splitlines()[1:]
    splits = [row.split("\t")[2] for row in rows]
    assert set(splits) == {"train", "val"}
    assert splits.count("val") <= max(1, count // 5)
    assert rows[0].split("\t") == ["sub-000000", "synthetic", "train", "2000", "500.0", "1"]


def test_the_yield_is_that_of_the_checks():
    totals = counts([candidate(0), candidate(1, ["copy", "area"]), candidate(2, ["area"])], 5)
    assert totals == {
        "asked": 5, "tried": 3, "written": 1, "yield": 0.3333, "reasons": {"area": 2, "copy": 1},
    }  # fmt: skip
    json.dumps(totals)
