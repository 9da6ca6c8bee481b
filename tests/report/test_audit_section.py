"""The part of the report that shows an audit."""

from callosal.pipelines.outputs.audit_table import COLUMNS, read_audit_rows, write_audit_tables
from callosal.pipelines.report.audit_section import audit_section

EVIL = "<script>alert(1)</script>"


def row(exam, series, **cells):
    return {
        **dict.fromkeys(COLUMNS), "exam_id": exam, "series_number": series, "role": "series",
        "status": "compared", "planned": "transverse", "angle_deg": 2.0, "in_plane_deg": 0.5,
        "offset_across_mm": -3.0, "slices_missing": 0, "slices_spare": 1, **cells,
    }  # fmt: skip


ROWS = [
    row("exam-a", 1, role="scout", angle_deg=31.0),
    row("exam-a", 2, protocol=EVIL, angle_deg=1.0),
    row("exam-b", 2, protocol=EVIL, angle_deg=3.0, slices_missing=2, vendor_alignment="AutoAlign"),
    row("exam-b", 3, protocol="T2", station="MR7", planned="coronal"),
    row("exam-c", 1, status="no_plan", angle_deg=None, offset_across_mm=None),
]


def test_scouts_are_counted_but_not_part_of_the_distributions():
    text = audit_section(ROWS)
    assert "4 stacks of 2 of 3 exams compared; 1 of them scouts" in text
    assert "1 of the other 3 leave out a part of the brain" in text
    assert "31.0" not in text
    assert text.count("<circle") == 4  # two protocols, and one station


def test_medians_by_protocol_and_text_of_headers_is_no_markup():
    text = audit_section(ROWS)
    assert EVIL not in text
    assert "&lt;script&gt;" in text
    assert "<td>2.0\N{DEGREE SIGN}</td><td>2.9\N{DEGREE SIGN}</td>" in text
    assert "1 of 2" in text
    assert "exams/exam-b.png" in text
    assert "AutoAlign" in text


def test_without_an_audit_there_is_no_section():
    assert audit_section([]) == ""


def test_tables_keep_their_rows_and_run_no_formula(tmp_path):
    write_audit_tables(tmp_path, [row("exam-a", 1, protocol="=1+1")])
    (found,) = read_audit_rows(tmp_path)
    assert found["protocol"] == "=1+1"
    assert "'=1+1" in (tmp_path / "audit.csv").read_text()
    (tmp_path / "audit.jsonl").write_text("{}\n")
    assert read_audit_rows(tmp_path) == []
