import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.phantom.demo_head import DemoHead, tilted
from callosal.pipelines.phantom.reference_pose import RigidMotion

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "two_visits.py"


@pytest.mark.slow
def test_the_motion_between_two_visits_is_found(tmp_path: Path) -> None:
    head = phantom_head(1, (80, 120, 120), (2.0, 2.0, 2.0))
    first = DemoHead("phantom", head.volume, head.pose)
    middle = np.asarray(head.volume.center_position)
    second = tilted(first, RigidMotion.of_angles(6, 9, -4, middle))
    for name, visit in (("first", first), ("second", second)):
        write_mr_series(visit.volume, tmp_path / name, description=name)
    command = [sys.executable, SCRIPT, tmp_path / "first", tmp_path / "second"]
    done = subprocess.run(
        [*command, "--output", tmp_path / "out"], capture_output=True, text=True, check=True
    )
    turn = RigidMotion.of_angles(6, 9, -4).rotation
    true_deg = np.degrees(np.arccos((np.trace(turn) - 1) / 2))
    true_mm = np.linalg.norm(second.pose.center_lps_mm - first.pose.center_lps_mm)
    told_deg = float(re.search(r"turned by ([\d.]+)", done.stdout)[1])
    told_mm = float(re.search(r"moved by ([\d.]+)", done.stdout)[1])
    assert told_deg == pytest.approx(true_deg, abs=1.5)
    assert told_mm == pytest.approx(true_mm, abs=1.5)
    assert done.stdout.count("visit: ") == 2
    assert "refined by registration" in done.stdout.splitlines()[1]
    assert "refined" not in done.stdout.splitlines()[0]
    (path,) = (tmp_path / "out" / "second").glob("cases/*/plan.json")
    follow_up = json.loads(path.read_text())["follow_up"]
    assert follow_up["correlation"] > 0.9
    page = (tmp_path / "out" / "second" / "report.html").read_text()
    assert "stacks of the first visit, by registration" in page


@pytest.mark.slow
def test_a_visit_without_a_plan_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no image")
    command = [sys.executable, SCRIPT, tmp_path / "empty", tmp_path / "empty"]
    done = subprocess.run(
        [*command, "--output", tmp_path / "out"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "empty" in done.stderr
