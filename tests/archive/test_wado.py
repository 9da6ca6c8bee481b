"""What comes by QIDO-RS and WADO-RS: headers without pixels, and why nothing comes."""

import socket
from pathlib import Path

import pytest

pytest.importorskip("dicomweb_client", reason="fetching needs the extra `pacs`")

from callosal.models.errors import InputError
from callosal.pipelines.archive.faults import Unreachable
from callosal.pipelines.archive.login import Login
from callosal.pipelines.archive.sources import open_source
from callosal.pipelines.archive.study_query import of_study
from callosal.pipelines.archive.tls import Tls
from callosal.pipelines.archive.wado import WadoArchive, _header
from callosal.pipelines.cli import main
from tests.dicom.make_series import SeriesRecipe, make_series


def test_a_header_keeps_what_sorts_an_image_and_nothing_large() -> None:
    image = make_series(SeriesRecipe())[0]
    answer = image.to_json_dict()
    answer["7FE00010"] = {"vr": "OW", "BulkDataURI": "http://archive/bulk"}
    header = _header(answer)
    assert header.Rows == image.Rows
    assert header.ImagePositionPatient == image.ImagePositionPatient
    assert "PixelData" not in header
    assert "SeriesDescription" not in header


def test_a_service_that_is_not_there_says_why() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    archive = WadoArchive(f"http://127.0.0.1:{port}/dicom-web", None, Tls())
    with pytest.raises(Unreachable, match="connection refused"), archive.connect() as link:
        link.studies(of_study("1.2.3"))


def test_a_login_does_not_travel_in_the_clear() -> None:
    with pytest.raises(InputError, match=r"--qido .*use https"):
        WadoArchive("http://archive.example/dicom-web", Login(token="abc"), Tls())


@pytest.mark.parametrize(
    ("node", "qido", "login", "words"),
    [(None, None, None, "name one of them"), ("A@h:1", "http://h/d", None, "name one of them"),
     ("A@h", None, None, "AE@HOST:PORT"), ("A@h:1", None, Path("x"), "--qido-login says nothing")],
)  # fmt: skip
def test_one_archive_is_named(
    node: str | None, qido: str | None, login: Path | None, words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        open_source(node, "CALLOSAL", qido, login, Tls())
    assert caught.value.code == "wrong_usage"


@pytest.mark.parametrize(
    ("words", "told"),
    [(["--from", "A@h:1"], "--study UID or --query FILE"),
     (["--from", "A@h:1", "--study", "1.2.3", "--most-studies", "0"], "--most-studies 0"),
     (["--study", "1.2.3"], "--from AE@HOST:PORT or --qido URL")],
)  # fmt: skip
def test_what_is_missing_is_wrong_usage(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fetch", "--output", str(tmp_path / "out"), *words]) == 3
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
