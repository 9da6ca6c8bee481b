"""Names of cases that tell nothing of the patient: salted hashes."""

import hashlib
import os
import secrets
from pathlib import Path

SALT_FILE = ".salt"


def output_salt(output: Path) -> str:
    """The salt of an output folder, made on first use and readable by its owner only.

    It stays with the folder, so that a resumed run finds its cases again, and nobody without it
    can test whether a known UID is among the results.
    """
    path = output / SALT_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    salt = secrets.token_hex(16)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(salt)
    return salt


def case_id(uid_key: str, salt: str) -> str:
    """Name of a case folder.

    >>> case_id("1.2.840.1", "salt")
    'case-7bf277f30e38'
    """
    return "case-" + hashlib.sha256(f"{salt}:{uid_key}".encode()).hexdigest()[:12]
