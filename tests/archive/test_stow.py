"""Objects over the web."""

import socket
from pathlib import Path

import pytest

pytest.importorskip("dicomweb_client", reason="STOW-RS needs the extra `pacs`")

from callosal.models.errors import InputError
from callosal.pipelines.archive.faults import Refused, Unreachable
from callosal.pipelines.archive.login import Login
from callosal.pipelines.archive.outgoing import OutgoingObject, read_outgoing
from callosal.pipelines.archive.stow import StowArchive
from callosal.pipelines.archive.tls import Tls
from callosal.pipelines.cli import main
from tests.archive.certificates import web_store
from tests.archive.stores import is_equal, write_finished


@pytest.fixture
def item(tmp_path: Path) -> OutgoingObject:
    write_finished(tmp_path, 1)
    outgoing = read_outgoing(tmp_path / "cases" / "case-0001")
    assert outgoing is not None
    return outgoing.objects[0]


def _send(url: str, item: OutgoingObject, login: Login | None = None) -> None:
    with StowArchive(url, login, Tls()).connect() as link:
        link.send(item)


def test_the_archive_gets_the_object_and_the_login(item: OutgoingObject) -> None:
    with web_store() as made:
        _send(made.url, item)
        _send(made.url, item, Login(token="abc"))
        _send(made.url, item, Login(user="me", password="pw"))
    assert made.logins == [None, "Bearer abc", "Basic bWU6cHc="]
    assert is_equal(item.content, made.objects[0])


@pytest.mark.parametrize(
    ("code", "failure", "error", "words"),
    [(401, None, Unreachable, "refuses the login"), (503, None, Unreachable, "HTTP 503"),
     (404, None, Unreachable, "HTTP 404"), (302, None, Unreachable, "redirects"),
     (400, None, Refused, "HTTP 400"), (202, 0xA700, Unreachable, "out of resources"),
     (202, 0xA900, Refused, "status A900")],
)  # fmt: skip
def test_an_answer_that_is_no_success_is_told_apart(
    code: int, failure: int | None, error: type[Exception], words: str, item: OutgoingObject
) -> None:
    with web_store() as made:
        made.code, made.failure = code, failure
        with pytest.raises(error, match=words):
            _send(made.url, item)


def test_an_object_that_is_there_already_is_sent(item: OutgoingObject) -> None:
    with web_store() as made:
        made.failure = 0x0111
        _send(made.url, item)


def test_a_service_that_is_not_there_says_why(item: OutgoingObject) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unreachable, match="connection refused"):
        _send(f"http://127.0.0.1:{port}/dicom-web", item)


def test_a_login_does_not_travel_in_the_clear() -> None:
    with pytest.raises(InputError, match="use https"):
        StowArchive("http://archive.example/dicom-web", Login(token="abc"), Tls())


def test_a_run_is_sent_with_the_login_of_a_file_or_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = write_finished(tmp_path, 1)
    login = tmp_path / "login"
    login.write_text("Bearer from-file\n")
    login.chmod(0o600)
    monkeypatch.setenv("CALLOSAL_STOW_LOGIN", "Basic me:from-environment")
    with web_store() as made:
        words = ["send", str(tmp_path), "--stow", made.url, "--minutes", "0"]
        assert main([*words, "--stow-login", str(login)]) == 0
        assert [str(image.SOPInstanceUID) for image in made.objects] == list(sent)
        assert main([*words, "--again"]) == 0
        login.chmod(0o644)
        assert main([*words, "--stow-login", str(login)]) == 1
    assert made.logins == 2 * ["Bearer from-file"] + 2 * ["Basic bWU6ZnJvbS1lbnZpcm9ubWVudA=="]
    told = capsys.readouterr().err
    assert "others can read it" in told
    assert "from-" not in told
