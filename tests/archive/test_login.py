from pathlib import Path

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.archive.login import STOW_VARIABLE, Login, read_login


def _read(path: Path | None) -> Login | None:
    return read_login(path, "--stow-login", STOW_VARIABLE)


@pytest.mark.parametrize("text", ["", "Secret", "Bearer ", "Basic Secret", "Basic :Secret",
                                  "Bearer Secret\nX-Evil: 1", "bearer Secret"])  # fmt: skip
def test_what_is_no_login_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(InputError) as caught:
        Login.of(text, "here")
    assert "Secret" not in str(caught.value)
    assert caught.value.code == "bad_login"


def test_a_login_is_never_shown() -> None:
    assert "Secret" not in repr(Login(token="Secret")) + repr(Login(user="me", password="Secret"))


def test_a_file_goes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(STOW_VARIABLE, raising=False)
    assert _read(None) is None
    monkeypatch.setenv(STOW_VARIABLE, "Bearer there")
    assert _read(None) == Login(token="there")
    path = tmp_path / "login"
    path.write_text("Bearer here\n")
    path.chmod(0o600)
    assert _read(path) == Login(token="here")
    with pytest.raises(InputError, match="cannot be read"):
        _read(tmp_path / "absent")
