"""Metrics of a running service."""

import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

pytest.importorskip("prometheus_client", reason="metrics need the extra `pacs`")

from callosal.models.errors import InputError
from callosal.pipelines.outputs.outbox import open_outbox
from callosal.pipelines.service.metrics import metrics_served
from callosal.pipelines.service.series_planner import SeriesPlanner


def _ask(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        return str(answer.read().decode())


def test_a_scrape_finds_counts_and_health_turns_when_a_case_is_given_up(tmp_path: Path) -> None:
    desk = cast(SeriesPlanner, SimpleNamespace(n_done=3, n_refused=1, stages_s={"plan": 0.5}))
    with metrics_served(0, desk, tmp_path) as port:
        told = _ask(port, "/metrics")
        assert 'callosal_cases_total{result="planned"} 3.0' in told
        assert 'callosal_cases_total{result="refused"} 1.0' in told
        assert 'callosal_case_seconds_total{stage="plan"} 0.5' in told
        assert 'callosal_outbox_cases{state="waiting"} 0.0' in told
        assert _ask(port, "/healthz") == "ok\n"
        with open_outbox(tmp_path, "A@h:1") as outbox:
            outbox.put("case-secret", "1")
            assert 'callosal_outbox_cases{state="waiting"} 1.0' in _ask(port, "/metrics")
            outbox.settle(outbox.waiting()[0], "refused", "status A900")
        told = _ask(port, "/metrics")
        assert 'callosal_outbox_cases{state="refused"} 1.0' in told
        assert "secret" not in told
        with pytest.raises(urllib.error.HTTPError, match="503"):
            _ask(port, "/healthz")
        with pytest.raises(InputError) as caught, metrics_served(port, desk, tmp_path):
            pass
        assert caught.value.code == "port_taken"
    with pytest.raises(OSError, match="refused"):
        _ask(port, "/metrics")
