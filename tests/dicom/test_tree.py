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
        ("5-nowhere", "broken_link"),
        ("sub/real", ""),
    ]


def test_a_pipe_is_not_opened(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    assert names(walk_files(tmp_path)) == [("pipe", "not_a_file")]


def test_a_pipe_that_is_named_is_not_opened_either(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    assert names(walk_files(tmp_path / "pipe")) == [("pipe", "not_a_file")]


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


def test_a_single_link_keeps_the_name_that_it_was_given(tmp_path: Path):
    (tmp_path / "0123").write_bytes(b"abc")
    (tmp_path / "x.nii.gz").symlink_to("0123")
    (entry,) = walk_files(tmp_path / "x.nii.gz")
    assert isinstance(entry, FileEntry)
    assert (entry.name, Path(entry.path).name) == ("x.nii.gz", "0123")


def test_links_to_themselves_are_told(tmp_path: Path):
    (tmp_path / "a").symlink_to("a")
    (tmp_path / "b").symlink_to("c")
    (tmp_path / "c").symlink_to("b")
    (tmp_path / "d").write_bytes(b"x")
    found = [("a", "broken_link"), ("b", "broken_link"), ("c", "broken_link"), ("d", "")]
    assert names(walk_files(tmp_path)) == found


def test_content_of_an_enclosing_annex_is_read_and_what_is_not_fetched_is_told(tmp_path: Path):
    store = tmp_path / ".git" / "annex" / "objects"
    store.mkdir(parents=True)
    (store / "MD5-s1--aa").write_bytes(b"x")
    subject = tmp_path / "sub-01"
    subject.mkdir()
    (subject / "a.nii.gz").symlink_to("../.git/annex/objects/MD5-s1--aa")
    (subject / "b.nii.gz").symlink_to("../.git/annex/objects/MD5-s1--bb")
    found = [("a.nii.gz", ""), ("b.nii.gz", "not_fetched")]
    assert names(walk_files(subject)) == found
    assert names(walk_files(tmp_path)) == [(f"sub-01/{name}", code) for name, code in found]


def test_results_are_not_entered_wherever_they_lie(tmp_path: Path):
    for name in ("in/1.dcm", "in/out/run.json", "in/out/results.csv",
                 "in/out/cases/case-1/head.nii.gz", "moved/case-2/plan.json",
                 "moved/case-2/done.json", "moved/case-2/head.nii.gz", "cases/2.dcm"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = set(names(walk_files(tmp_path)))
    assert {name for name, code in found if code == "own_results"} == {
        "moved/case-2",
        "in/out/cases",
    }
    assert {name for name, code in found if not code} == {
        "in/1.dcm",
        "in/out/run.json",
        "in/out/results.csv",
        "cases/2.dcm",
    }


def test_names_that_are_not_utf_8_stay_apart(tmp_path: Path):
    for byte in (b"\xe8", b"\xe9"):
        (tmp_path / os.fsdecode(b"caf" + byte)).write_bytes(b"x")
    assert [entry.name for entry in walk_files(tmp_path)] == ["caf\\xe8", "caf\\xe9"]
