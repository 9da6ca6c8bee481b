import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from callosal.models.errors import OutputError
from callosal.pipelines.outputs.file_names import LOCK_FILE
from callosal.pipelines.outputs.run_lock import run_lock

HOLD = """
import sys
from pathlib import Path
from callosal.pipelines.outputs.run_lock import run_lock
with run_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_run_is_refused_and_named_until_it_is_dead(tmp_path: Path) -> None:
    output = tmp_path / "out"
    command = [sys.executable, "-c", HOLD, str(output)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        told = f"in use by process {other.pid} on "
        with pytest.raises(OutputError, match=told) as caught, run_lock(output):
            pass
        assert caught.value.code == "output_in_use"
        assert json.loads((output / LOCK_FILE).read_text())["process"] == other.pid
        other.send_signal(signal.SIGKILL)
        other.wait()
        with run_lock(output):
            assert json.loads((output / LOCK_FILE).read_text())["process"] == os.getpid()


def test_a_run_may_follow_a_run(tmp_path: Path) -> None:
    for _ in range(2):
        with run_lock(tmp_path / "out"):
            pass
    assert (tmp_path / "out" / LOCK_FILE).stat().st_mode & 0o077 == 0


def test_a_file_in_the_way_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError), run_lock(tmp_path / "out"):
        pass
