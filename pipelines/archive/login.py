"""The login for a web service: from a file or the environment, never from the command line."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from callosal.models.errors import InputError

STOW_VARIABLE = "CALLOSAL_STOW_LOGIN"
QIDO_VARIABLE = "CALLOSAL_QIDO_LOGIN"


@dataclass(frozen=True)
class Login:
    """A login of HTTP.

    Attributes:
        token: Bearer token; "" for user and password.
        user: User name.
        password: Password.
    """

    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, text: str, where: str) -> "Login":
        """A login as it is written.

        Args:
            text: `Bearer TOKEN`, or `Basic USER:PASSWORD` in plain.
            where: The file or variable, for the message.

        Raises:
            InputError: `bad_login`; the message holds nothing of the text.

        >>> Login.of("Basic me:pass:word", "").password
        'pass:word'
        """
        kind, _, value = text.strip().partition(" ")
        user, colon, password = value.partition(":")
        if kind == "Bearer" and value and value.isascii() and value.isprintable():
            return cls(token=value)
        if kind == "Basic" and user and colon and value.isprintable():
            return cls(user=user, password=password)
        raise InputError(
            f"{where}: holds no login; one line is needed, 'Bearer TOKEN' or 'Basic USER:PASSWORD'",
            "bad_login",
        )


def read_login(path: Path | None, option: str, variable: str) -> Login | None:
    """The login of a file, or else of an environment variable.

    Args:
        path: The file, which nobody else may be able to read, or None.
        option: Name of the option that names the file, for messages.
        variable: Name of the variable.

    Returns:
        None if neither is given.

    Raises:
        InputError: `bad_login`.
    """
    if path is None:
        text = os.environ.get(variable)
        return None if text is None else Login.of(text, variable)
    try:
        if path.stat().st_mode & 0o077 and os.name == "posix":
            raise InputError(f"{option} {path.name}: others can read it; chmod 600 it", "bad_login")
        return Login.of(path.read_text(encoding="utf-8"), f"{option} {path.name}")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{option} {path.name}: cannot be read ({type(error).__name__})", "bad_login"
        ) from error
