from pathlib import Path

import pytest

from callosal.models.errors import InputError
from callosal.pipelines.archive.login import VARIABLE, Login, read_login


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
    monkeypatch.delenv(VARIABLE, raising=False)
    assert read_login(None) is None
    monkeypatch.setenv(VARIABLE, "Bearer there")
    assert read_login(None) == Login(token="there")
    path = tmp_path / "login"
    path.write_text("Bearer here\n")
    path.chmod(0o600)
    assert read_login(path) == Login(token="here")
    with pytest.raises(InputError, match="cannot be read"):
        read_login(tmp_path / "absent")
