"""What made a result, and words on a mixture."""

import json
from pathlib import Path

from callosal.pipelines.group.made_with import made_with, mixture
from tests.group.made_group import MADE_WITH


def test_an_image_without_a_plan_was_made_with_nothing(tmp_path: Path) -> None:
    assert set(made_with(tmp_path / "plan.json").values()) == {None}
    (tmp_path / "plan.json").write_text("[")
    assert set(made_with(tmp_path / "plan.json").values()) == {None}


def test_the_settings_that_differ_are_named(tmp_path: Path) -> None:
    rows = []
    for number, parcels in enumerate(("witelson", "witelson", "hofer_frahm"), start=1):
        digest = {"witelson": "aaaaaaaaaa", "hofer_frahm": "bbbbbbbbbb"}[parcels]
        run = tmp_path / "runs" / f"sub-{number}"
        run.mkdir(parents=True)
        config = {"parcels": parcels, "fusion": {"box": 0.5}}
        record = {"config": config, "config_sha256": digest}
        (run / "run.json").write_text(json.dumps(record))
        plan = tmp_path / f"{number}.json"
        plan.write_text(json.dumps({**MADE_WITH, "config_sha256": digest}))
        rows.append({"participant_id": f"sub-{number}", **made_with(plan)})
    assert mixture(rows[:2], tmp_path) == []
    mixed, settings = mixture(rows, tmp_path)
    assert "config-aaaaaaaa (sub-1, sub-2); 1 image with callosal 9.9" in mixed
    assert settings.endswith("parcels is witelson or hofer_frahm")
