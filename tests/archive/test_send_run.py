"""`callosal send`: a finished run to an archive."""

from pathlib import Path

import pytest

pytest.importorskip("pynetdicom", reason="sending needs the extra `pacs`")

from callosal.pipelines.cli import main
from tests.archive.stores import are_equal, store, write_finished


def test_a_run_is_sent_once_and_once_more_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = write_finished(tmp_path, 1) | write_finished(tmp_path, 2)
    with store() as made:
        words = ["send", str(tmp_path), "--send-to", made.word, "--send-as", "ME"]
        assert main(words) == 0
        assert "2 cases sent" in capsys.readouterr().err
        assert main(words) == 0
        assert are_equal(sent, made)
        assert made.came == list(sent)
        assert made.callers == {"ME"}
        assert main([*words, "--again"]) == 0
        assert made.came == 2 * list(sent)


def test_what_cannot_be_sent_is_a_code_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = write_finished(tmp_path, 1) | write_finished(tmp_path, 2)
    with store(answer=lambda uid: 0 if uid in list(sent)[:2] else 0xA900) as made:
        words = ["send", str(tmp_path), "--send-to", made.word, "--minutes", "0"]
        assert main(words) == 2
        told = capsys.readouterr().err
        assert "status A900" in told
        assert "1 case sent, 1 still to be sent" in told
    assert main(words) == 2
    write_finished(tmp_path / "other", 1)
    assert main(["send", str(tmp_path / "other"), *words[2:]]) == 1


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [([], 3, "send-to"), (["--stow", "nowhere"], 3, "DICOMweb root"),
     (["--stow", "http://me:pw@h/x"], 3, "seen by all"),
     (["--send-to", "A@h:1", "--send-tls.key", "k.pem"], 3, "name both"),
     (["--send-to", "A@h:1", "--send-tls.ca", "absent.pem"], 1, "bad_certificate"),
     (["--stow", "http://h/x", "--stow-login", "absent"], 1, "bad_login"),
     (["--send-to", "nowhere"], 3, "AE@HOST:PORT"),
     (["--send-to", "A@h:1", "--minutes", "-1"], 3, "--minutes"),
     (["--send-to", "A@h:1"], 1, "no_run")],
)  # fmt: skip
def test_a_wrong_call_is_told(
    words: list[str], code: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["send", str(tmp_path), *words]) == code
    assert told in capsys.readouterr().err
