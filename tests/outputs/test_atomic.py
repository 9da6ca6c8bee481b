import errno
import os
from pathlib import Path

import pytest

from callosal.models.errors import OutputError
from callosal.pipelines.outputs import atomic


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EROFS, "read_only_output"),
        (errno.EACCES, "read_only_output"),
        (errno.EIO, "output_failed"),
    ],
)
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    number: int, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    atomic.write_text(path, "old")

    def fail(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match="file cannot be written") as caught:
        atomic.write_text(path, "new")
    assert caught.value.code == code
    assert str(tmp_path) not in str(caught.value)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        atomic.write_text(tmp_path / "absent" / "file", "text")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        atomic.make_folder(tmp_path / "file" / "folder")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_line_on_a_full_disk_is_told() -> None:
    with pytest.raises(OutputError) as caught:
        atomic.append_line(Path("/dev/full"), "line")
    assert caught.value.code in ("disk_full", "output_failed")


def test_only_temporaries_are_swept(tmp_path: Path) -> None:
    kept = [tmp_path / name for name in ("plan.json", ".salt", "x.tmp", ".lock")]
    for path in [*kept, tmp_path / ".plan.json.0a1b2c3d.tmp"]:
        path.write_text("x")
    atomic.sweep_temporaries(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_lines_are_added_whole(tmp_path: Path) -> None:
    for line in ("a", "ü"):
        atomic.append_line(tmp_path / "lines", line)
    assert (tmp_path / "lines").read_text(encoding="utf-8") == "a\nü\n"


def test_a_file_where_a_folder_should_be_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    with pytest.raises(OutputError, match="out cannot be written: there is a file of that name"):
        atomic.make_folder(tmp_path / "out")
