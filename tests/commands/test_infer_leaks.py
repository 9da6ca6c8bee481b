"""An archive full of markers goes through `callosal infer`: none may come out where it must not."""

import gzip
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.commands.planted_archive import FOR_NOBODY, FOR_THE_HOSPITAL, MARKERS, plant

RUN = "from callosal.pipelines.cli import run; run()"
CLINICAL = {"seg.dcm", "plan_sr.dcm", "overlay_sc.dcm", "plan_pr.dcm"}


@dataclass(frozen=True)
class Session:
    output: Path
    console: bytes


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder = tmp_path_factory.mktemp("session")
    plant(folder / "archive")
    words = [sys.executable, "-c", RUN, "infer", "archive", "--output", "out",
             "--device", "cpu", "--reslice", "--settings.parcels", "witelson",
             "--settings.aligned_voxel_mm", "3",
             "--settings.dicom_objects", "[seg,sr,sc,pr]"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    run = subprocess.run(words, cwd=folder, capture_output=True, env=environment, check=False)
    assert run.returncode == 2, run.stderr
    return Session(folder / "out", run.stdout + run.stderr)


def unpacked(content: bytes) -> Iterator[bytes]:
    """A file as it is, and what is packed in it: gzip, and compressed chunks of PNG."""
    yield content
    if content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        place, pixels = 8, b""
        while place < len(content):
            size = int.from_bytes(content[place : place + 4], "big")
            kind, data = content[place + 4 : place + 8], content[place + 8 : place + 8 + size]
            assert kind in (b"IHDR", b"IDAT", b"PLTE", b"IEND", b"tRNS"), kind
            pixels += data if kind == b"IDAT" else b""
            place += size + 12
        yield zlib.decompress(pixels)


def found_in(content: bytes) -> set[str]:
    """Names of the markers in a file, in any of the encodings of text."""
    return {
        name
        for name, marker in MARKERS.items()
        for part in unpacked(content)
        for word in marker.split("^")
        for encoding in ("utf-8", "utf-16-le", "utf-16-be")
        if word.encode(encoding) in part
    }


def files_of(session: Session, clinical: bool) -> list[Path]:
    files = [path for path in session.output.rglob("*") if path.is_file()]
    return [path for path in files if (path.name in CLINICAL) == clinical]


def test_more_than_thirty_markers_are_planted_and_would_be_seen() -> None:
    assert len(MARKERS) >= 30
    for name, marker in MARKERS.items():
        assert found_in(gzip.compress(f"text {marker} text".encode())) == {name}


def test_the_session_wrote_every_kind_of_output(session: Session) -> None:
    suffixes = {path.name for path in files_of(session, clinical=False)}
    assert suffixes >= {"plan.json", "overlay.png", "mask.nii.gz", "aligned.nii.gz",
                        "parcels.nii.gz", "parcels.png", "done.json", "run.json", "results.csv",
                        "results.jsonl", "report.html"}  # fmt: skip
    assert {path.name for path in files_of(session, clinical=True)} == CLINICAL
    statuses = (session.output / "results.csv").read_text()
    assert "decode_failed" in statuses
    assert "missing_slices" in statuses


def test_no_marker_is_in_any_output_but_the_clinical_objects(session: Session) -> None:
    leaks = {path.name: found_in(path.read_bytes()) for path in files_of(session, clinical=False)}
    assert {name: found for name, found in leaks.items() if found} == {}


def test_no_uid_of_the_images_is_in_any_other_output(session: Session) -> None:
    folder = next((session.output.parent / "archive").rglob("*0.dcm"))
    image = dcmread(folder)
    uids = [image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID]
    for path in files_of(session, clinical=False):
        for part in unpacked(path.read_bytes()):
            assert not [uid for uid in uids if uid.encode() in part], path.name


def test_no_marker_is_in_the_name_of_an_output(session: Session) -> None:
    names = "\n".join(path.as_posix() for path in session.output.rglob("*"))
    assert found_in(names.encode()) == set()


def test_no_marker_is_on_a_console_that_is_no_terminal(session: Session) -> None:
    assert found_in(session.console) == set()
    assert str(session.output.parent).encode() not in session.console


def test_the_clinical_objects_hold_the_patient_and_the_study_alone(session: Session) -> None:
    for path in files_of(session, clinical=True):
        found = found_in(path.read_bytes())
        assert found & set(FOR_NOBODY) == set(), path.name
        assert found == set(FOR_THE_HOSPITAL), path.name
