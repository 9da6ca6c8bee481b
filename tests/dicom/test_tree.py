import os
from pathlib import Path

import pytest

from callosal.pipelines.dicom.tree import FileEntry, Skipped, walk_files


def names(found):
    return [(entry.name, getattr(entry, "code", "")) for entry in found]


def test_every_file_is_met_once_at_any_depth(tmp_path: Path):
    for name in ("b", "a/1", "a/deep/er/2", ".hidden"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    found = list(walk_files(tmp_path))
    assert sorted(entry.name for entry in found) == [".hidden", "a/1", "a/deep/er/2", "b"]
    assert found == list(walk_files(tmp_path))
    assert all(isinstance(entry, FileEntry) and entry.size_bytes == 1 for entry in found)


def test_links_never_lead_out_of_the_root(tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"x")
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "real").write_bytes(b"x")
    (root / "1-file").symlink_to(outside / "secret")
    (root / "2-folder").symlink_to(outside)
    (root / "3-loop").symlink_to(root)
    (root / "4-inside").symlink_to(root / "sub" / "real")
    (root / "5-nowhere").symlink_to(root / "absent")
    assert names(walk_files(root)) == [
        ("1-file", "symlink_outside"),
        ("2-folder", "symlink_outside"),
        ("3-loop", "symlink_folder"),
        ("4-inside", ""),
        ("5-nowhere", "unreadable"),
        ("sub/real", ""),
    ]


def test_a_pipe_is_not_opened(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    assert names(walk_files(tmp_path)) == [("pipe", "not_a_file")]


def test_names_are_printed_on_one_line(tmp_path: Path):
    (tmp_path / "a\nb\x1b[31m").write_bytes(b"x")
    assert [entry.name for entry in walk_files(tmp_path)] == ["a?b?[31m"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_closed_folder_is_told(tmp_path: Path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    assert names(walk_files(tmp_path)) == [("closed", "unreadable")]


def test_a_single_file_is_its_own_tree(tmp_path: Path):
    (tmp_path / "one").write_bytes(b"abc")
    (entry,) = walk_files(tmp_path / "one")
    assert not isinstance(entry, Skipped)
    assert (entry.name, entry.size_bytes) == ("one", 3)
