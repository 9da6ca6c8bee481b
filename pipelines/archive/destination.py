"""Where results are sent. Imports nothing heavy, because the command line reads it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from callosal.models.errors import InputError
from callosal.pipelines.archive.ae_title import check_title

_FORM = re.compile(r"(?P<title>[^@]+)@(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\s@:/\[\]]+):(?P<port>\d+)")


@dataclass(frozen=True)
class Node:
    """A DICOM node.

    Attributes:
        title: Its AE title.
        host: Its address or name.
        port: Its port.
    """

    title: str
    host: str
    port: int

    @classmethod
    def of(cls, word: str, option: str) -> "Node":
        """A node of its usual spelling.

        Args:
            word: AE@HOST:PORT; an IPv6 address stands in brackets.
            option: Name of the option, for the message.

        Raises:
            InputError: `wrong_usage`.

        >>> Node.of("ARCHIVE@10.0.0.9:104", "--send-to")
        Node(title='ARCHIVE', host='10.0.0.9', port=104)
        >>> Node.of("ARCHIVE@[::1]:104", "--send-to").host
        '::1'
        """
        found = _FORM.fullmatch(word)
        if found is None or not 0 < int(found["port"]) <= 65535:
            raise InputError(
                f"{option} {word!r}: must be AE@HOST:PORT, such as ARCHIVE@10.0.0.9:104",
                "wrong_usage",
            )
        title = check_title(found["title"], option)
        return cls(title, found["host"].strip("[]"), int(found["port"]))

    @classmethod
    def all_of(cls, words: Sequence[str], option: str) -> list["Node"]:
        """Nodes of an option; several may be in one word, with commas between them.

        Raises:
            InputError: `wrong_usage`.
        """
        return [cls.of(part, option) for word in words for part in word.split(",")]

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.title}@{host}:{self.port}"
