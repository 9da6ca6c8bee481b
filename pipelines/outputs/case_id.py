"""Names of cases: salted hashes, which say nothing of the patient, or names of files and series.

This is the one place where names are made. A hash is the default wherever DICOM is read, for its
folders and texts name patients. Files of NIfTI are pseudonyms by design in most collections, and
their names are what a researcher looks for in a table.
"""

import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

from callosal.models.errors import InputError
from callosal.pipelines.outputs.atomic import write_bytes
from callosal.pipelines.outputs.file_names import SALT_FILE

Names = Literal["auto", "files", "series", "hash"]
"""How cases are named: files of NIfTI by their path, DICOM too by its series, or all by a hash.

`auto` is `files` for an input without any DICOM, else `hash`.
"""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_LONGEST = 72
_SUFFIX = re.compile(r"\.(nii|nii\.gz|mgz|mgh|mgh\.gz|img|hdr)$", re.IGNORECASE)
_BIDS = re.compile(r"sub-[A-Za-z0-9+]+(_[a-z]+-[A-Za-z0-9+]+)*_[A-Za-z0-9]+")
_REFUSED = re.compile(r"[^A-Za-z0-9]*[^A-Za-z0-9_-]+[^A-Za-z0-9]*")


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


def file_case_name(place: str) -> str:
    """Name of the case of a file, by its path in the input; "" where nothing of it may be used.

    A name of BIDS stands by itself; of any other file the folders are part of the name.

    Args:
        place: Path with "/".

    >>> file_case_name("sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz")
    'sub-01_ses-1_T1w'
    >>> file_case_name("site A/0042/t1.nii.gz"), file_case_name("bert/mri/orig.mgz")
    ('site-A-0042-t1', 'bert-mri-orig')
    """
    stem = _SUFFIX.sub("", PurePosixPath(place).name)
    return _plain(stem if _BIDS.fullmatch(stem) else _SUFFIX.sub("", place))


def is_volume_name(place: str) -> bool:
    """Whether a file is called as files of NIfTI and MGH are.

    >>> is_volume_name("a/t1.nii.gz"), is_volume_name("a/IM0001.dcm")
    (True, False)
    """
    return _SUFFIX.search(place) is not None


def series_case_name(number: str, description: str) -> str:
    """Name of the case of a series, by its number and description.

    >>> series_case_name("3", "t1 MPRAGE (sag)"), series_case_name("", "")
    ('series-3_t1-MPRAGE-sag', 'series')
    """
    words = ["series" + (f"-{number}" if number else ""), _plain(description)]
    return _plain("_".join(filter(None, words)))


def distinct_names(wanted: Mapping[str, str], salt: str) -> dict[str, str]:
    """Names that differ, also where upper and lower case do not count.

    Args:
        wanted: Name by secret identity; "" for a hash alone.
        salt: Salt of the output folder.

    >>> distinct_names({"a": "t1", "b": "T1", "c": "t2", "d": ""}, "salt")
    {'a': 't1-1d792a', 'b': 'T1-716045', 'c': 't2', 'd': 'case-bc2a5ab8d889'}
    """
    counts = Counter(name.casefold() for name in wanted.values())
    named = {}
    for key, name in wanted.items():
        hashed = case_id(key, salt)
        alone = counts[name.casefold()] == 1
        named[key] = hashed if not name else name if alone else f"{name}-{hashed[5:11]}"
    return named


def _plain(text: str) -> str:
    """Text as it may stand in the name of a folder; of a long one the end, which differs most."""
    plain = _REFUSED.sub("-", text).strip("-_")
    return plain[-_LONGEST:].strip("-_")


def is_case_name(name: str) -> bool:
    """Whether a name may be that of a case folder; a table from elsewhere could hold `../..`.

    >>> is_case_name("case-7bf277f30e38"), is_case_name("../.."), is_case_name("")
    (True, False, False)
    """
    return _NAME.fullmatch(name) is not None
