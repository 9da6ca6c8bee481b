"""Copies are found by their content, whatever their packing says of time and name."""

import gzip
from pathlib import Path

from callosal.pipelines.bids.same_images import same_images


def test_copies_are_found_and_nothing_else(tmp_path: Path) -> None:
    content, other = bytes(range(256)) * 900, bytes(range(255, -1, -1)) * 900
    files = {
        "a.nii.gz": gzip.compress(content, mtime=1),
        "b.nii.gz": gzip.compress(other, mtime=1),
        "c.nii.gz": gzip.compress(content, mtime=2, compresslevel=1),
        # A second, empty member hides the checksum of the first.
        "d.nii.gz": gzip.compress(content[1:]) + gzip.compress(b""),
        "e.nii.gz": gzip.compress(other[1:]) + gzip.compress(b""),
        "f.nii": other[2:],
        "g.nii": other[2:-1] + b"x",
        "h.nii": other[2:],
        "empty.nii.gz": b"",
        "empty_too.nii.gz": b"",
        "cut.nii.gz": gzip.compress(content)[:50],
        "cut_too.nii.gz": gzip.compress(content)[:50],
    }
    for name, written in files.items():
        (tmp_path / name).write_bytes(written)
    paths = {name: tmp_path / name for name in (*files, "missing.nii.gz")}
    assert same_images(paths) == {"c.nii.gz": "a.nii.gz", "h.nii": "f.nii"}
