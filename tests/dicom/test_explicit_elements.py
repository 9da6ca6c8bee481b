"""What is read of a header must not depend on who reads it, on good files and on broken ones."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag

from callosal.pipelines.dicom import headers
from callosal.pipelines.dicom.explicit_elements import read_elements
from callosal.pipelines.dicom.headers import read_header
from callosal.pipelines.dicom.syntax import read_syntax
from callosal.pipelines.dicom.tree import FileEntry

PIXELS = 0x7FE00008
WANTED = frozenset({0x00080018, 0x00080060, 0x00200032, 0x00280010, 0x00280011, 0x00080008})


def small_mr() -> bytes:
    return Path(str(get_testdata_file("MR_small.dcm"))).read_bytes()


def test_elements_are_those_of_pydicom(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(small_mr())
    with path.open("rb") as file:
        read_syntax(file)
        start = file.tell()
        found = read_elements(file, WANTED, PIXELS)
        end = file.tell()
        file.seek(start)
        peer = read_dataset(
            file,
            is_implicit_VR=False,
            is_little_endian=True,
            stop_when=lambda tag, *_: tag >= PIXELS,
            specific_tags=[BaseTag(tag) for tag in WANTED],
        )
        assert file.tell() == end
    assert found is not None
    assert found == {int(one.tag): one for one in peer.values() if int(one.tag) in WANTED}
    assert found.keys() >= WANTED


def test_a_value_longer_than_a_chunk_is_read_whole(tmp_path: Path) -> None:
    long = b"\x08\x00\x18\x00UT\0\0" + (100_000).to_bytes(4, "little") + b"7" * 100_000
    path = tmp_path / "image"
    path.write_bytes(b"\x08\x00\x08\x00CS\x02\x00A " + long + b"\xe0\x7f\x10\x00OW" + bytes(6))
    with path.open("rb") as file:
        found = read_elements(file, WANTED, PIXELS)
    assert found is not None
    assert found[0x00080018].value == b"7" * 100_000
    assert found[0x00080008].value == b"A "


@pytest.mark.parametrize(
    "data",
    [b"", b"\x08\x00\x18\x00UI\x04\x00", b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + bytes(20),
     b"\x08\x00\x18\x00??\x04\x00" + bytes(20)],
    ids=["empty", "cut", "undefined length", "unknown kind"],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_pydicom(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(data)
    with path.open("rb") as file:
        assert read_elements(file, WANTED, PIXELS) is None


def test_broken_files_read_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, rng = small_mr(), np.random.default_rng(0)
    entries = []
    for number in range(60):
        data = bytearray(whole)
        for at in rng.integers(300, 2000, number % 4):
            data[at] = rng.integers(256)
        data = data[: rng.integers(200, 2500)] if number % 3 == 0 else data
        path = tmp_path / f"{number}"
        path.write_bytes(data)
        entries.append(FileEntry(str(path), path.name, len(data), 0))
    ours = [read_header(entry) for entry in entries]
    monkeypatch.setattr(headers, "read_elements", lambda *_: None)
    assert ours == [read_header(entry) for entry in entries]
