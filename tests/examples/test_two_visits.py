import json
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from callosal.models.errors import InputError
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.phantom.demo_head import DemoHead, tilted
from callosal.pipelines.phantom.reference_pose import RigidMotion

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "two_visits.py"


def run_script(monkeypatch: pytest.MonkeyPatch, *words: Path | str) -> None:
    monkeypatch.setattr(sys, "argv", [str(word) for word in (SCRIPT, *words)])
    runpy.run_path(str(SCRIPT), run_name="__main__")


@pytest.mark.slow
def test_the_motion_between_two_visits_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    head = phantom_head(1, (80, 120, 120), (2.0, 2.0, 2.0))
    first = DemoHead("phantom", head.volume, head.pose)
    middle = np.asarray(head.volume.center_position)
    second = tilted(first, RigidMotion.of_angles(6, 9, -4, middle))
    for name, visit in (("first", first), ("second", second)):
        write_mr_series(visit.volume, tmp_path / name, description=name)
    visits = [tmp_path / name for name in ("first", "second")]
    with pytest.raises(SystemExit) as ended:
        run_script(monkeypatch, *visits, "--output", tmp_path / "out")
    assert ended.value.code == 0
    told = capsys.readouterr().out
    turn = RigidMotion.of_angles(6, 9, -4).rotation
    true_deg = np.degrees(np.arccos((np.trace(turn) - 1) / 2))
    true_mm = np.linalg.norm(second.pose.center_lps_mm - first.pose.center_lps_mm)
    told_deg = float(re.search(r"turned by ([\d.]+)", told)[1])
    told_mm = float(re.search(r"moved by ([\d.]+)", told)[1])
    assert told_deg == pytest.approx(true_deg, abs=1.5)
    assert told_mm == pytest.approx(true_mm, abs=1.5)
    assert told.count("visit: ") == 2
    assert "refined by registration" in told.splitlines()[1]
    assert "refined" not in told.splitlines()[0]
    (path,) = (tmp_path / "out" / "second").glob("cases/*/plan.json")
    follow_up = json.loads(path.read_text())["follow_up"]
    assert follow_up["correlation"] > 0.9
    page = (tmp_path / "out" / "second" / "report.html").read_text()
    assert "stacks of the first visit, by registration" in page


def test_a_visit_without_a_plan_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no image")
    visits = [tmp_path / "empty"] * 2
    with pytest.raises(InputError, match="empty: holds 1 files"):
        run_script(monkeypatch, *visits, "--output", tmp_path / "out")
