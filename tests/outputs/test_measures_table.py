"""measures.csv: a row a case, every measure and the profile; a rejected case has no numbers."""

import csv
import json
from pathlib import Path

from callosal.pipelines.outputs.measures_table import THICKNESS_COLUMNS, write_measures
from callosal.pipelines.outputs.results import failed_row


def write_plan(output: Path, name: str, **measures: object) -> dict[str, object]:
    folder = output / "cases" / name
    folder.mkdir(parents=True)
    document = {
        "finding": {"kind": "whole"},
        "morphometry": {**measures, "thickness_profile_mm": [5.0] * 100, "reasons": {}},
    }
    (folder / "plan.json").write_text(json.dumps(document))
    return {**failed_row(name, "nifti", "ok", ""), "confidence": 0.9}


def test_one_row_a_case_with_every_measure(tmp_path: Path) -> None:
    rows = [
        write_plan(tmp_path, "b", area_mm2=600.5, cc_index=None),
        write_plan(tmp_path, "a", area_mm2=500.0, height_mm=22.0),
        failed_row("c", "nifti", "failed", "not_finite"),
    ]
    rejected = {"decision": "rejected"}
    (tmp_path / "cases" / "a" / "plan.reviewed.json").write_text(json.dumps(rejected))
    write_measures(tmp_path, rows)
    with (tmp_path / "measures.csv").open() as stream:
        first, second, third = csv.DictReader(stream)
    assert (first["case_id"], first["status"], first["area_mm2"]) == ("a", "rejected", "")
    assert (second["area_mm2"], second["cc_index"], second["finding"]) == ("600.5", "", "whole")
    assert [second[name] for name in THICKNESS_COLUMNS] == ["5.0"] * 100
    assert (third["status"], third["reasons"], third["area_mm2"]) == ("failed", "not_finite", "")
