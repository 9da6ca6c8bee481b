"""Broken data sets and broken streams sent to a listener are refused or survived."""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pynetdicom", reason="receiving needs the extra `pacs`")

from pynetdicom import _config

from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head
from tests.service.sender import connect, node

FAULTS = Path(__file__).resolve().parents[3] / "benchmarks" / "faults"
MARKER = "Secret^Marker"


@pytest.fixture(scope="module")
def script() -> Any:
    sys.path.insert(0, str(FAULTS))
    try:
        import fuzz_listener
    finally:
        sys.path.remove(str(FAULTS))
    return fuzz_listener


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    head = phantom_head(1, (4, 32, 32), (40.0, 7.5, 7.5)).volume
    return write_mr_series(head, tmp_path / "in", description="made", patient_name=MARKER)


def test_every_broken_object_is_answered(
    script: Any, paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)
    rng = np.random.default_rng(1)
    with node(tmp_path / "spool") as made:
        answers = script.send_broken(paths, tmp_path / "broken.dcm", made.port, rng, 40)
        assert set(answers) <= {"0000", "C000"}
        assert answers.count("0000") > 30
        end = time.monotonic() + 20  # the listener moves them after the release
        while made.partial() and time.monotonic() < end:
            time.sleep(0.02)
        assert len(made.received()) == answers.count("0000")
        assert script.flip_on_the_way(paths, made.port, 1) in {"released", "aborted"}
        assert connect(made.port).is_established
        assert MARKER not in "".join(made.told)
