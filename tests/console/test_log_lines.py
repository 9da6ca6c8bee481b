"""Lines of a service as JSON."""

import io
import json
from datetime import datetime

import pytest

from callosal.pipelines.console.log_lines import JsonLines, service_console


def test_each_line_is_an_object_with_time_command_and_case() -> None:
    stream = io.StringIO()
    lines = JsonLines(stream, "listen")
    lines.write("listening as CALLOSAL\n[1 done] case-0123456789ab ok\nhalf ")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["command"], first["message"]) == ("listen", "listening as CALLOSAL")
    assert datetime.fromisoformat(first["time"]).utcoffset() is not None
    assert "case_id" not in first
    assert second["case_id"] == "case-0123456789ab"
    lines.write("a line\n\n")
    assert json.loads(stream.getvalue().splitlines()[2])["message"] == "half a line"
    assert len(stream.getvalue().splitlines()) == 3


def test_a_long_line_stays_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    console = service_console("watch", as_json=True)
    console.print("[not markup] " + "word " * 400, markup=False)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"].startswith("[not markup] word")
    service_console("watch", as_json=False).print("plain")
    assert capsys.readouterr().err == "plain\n"
