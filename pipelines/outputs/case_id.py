"""Names of cases: salted hashes, which say nothing of the patient, and what may be a name."""

import hashlib
import re
import secrets
from pathlib import Path

from callosal.models.errors import InputError
from callosal.pipelines.outputs.atomic import write_bytes
from callosal.pipelines.outputs.file_names import SALT_FILE

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def output_salt(output: Path) -> str:
    """The salt of an output folder, made on first use and readable by its owner only.

    It stays with the folder, so that a resumed run finds its cases again, and nobody without it
    can test whether a known UID is among the results. Whoever calls this holds the folder.

    Raises:
        OutputError: It cannot be written.
    """
    path = output / SALT_FILE
    if not path.is_file():
        write_bytes(path, secrets.token_hex(16).encode("ascii"), mode=0o600)
    return path.read_text(encoding="ascii")


def known_salt(output: Path) -> str:
    """The salt of a run that is there.

    Raises:
        InputError: `no_run`: the folder has none, or it belongs to another user.
    """
    try:
        return (output / SALT_FILE).read_text(encoding="ascii")
    except OSError as error:
        raise InputError(
            f"{output.name}: holds no {SALT_FILE} to read; name the output folder of "
            "`callosal infer`, as the user that ran it",
            "no_run",
        ) from error


def case_id(uid_key: str, salt: str) -> str:
    """Name of a case folder.

    >>> case_id("1.2.840.1", "salt")
    'case-7bf277f30e38'
    """
    return "case-" + hashlib.sha256(f"{salt}:{uid_key}".encode()).hexdigest()[:12]


def is_case_name(name: str) -> bool:
    """Whether a name may be that of a case folder; a table from elsewhere could hold `../..`.

    >>> is_case_name("case-7bf277f30e38"), is_case_name("../.."), is_case_name("")
    (True, False, False)
    """
    return _NAME.fullmatch(name) is not None
