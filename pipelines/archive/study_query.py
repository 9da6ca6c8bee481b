"""Which studies to fetch: one by its UID, or those that match the keys of a file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from callosal.models.errors import InputError

KEYS = frozenset({
    "AccessionNumber", "ModalitiesInStudy", "PatientBirthDate", "PatientID", "PatientName",
    "PatientSex", "ReferringPhysicianName", "StudyDate", "StudyDescription", "StudyID",
    "StudyInstanceUID", "StudyTime",
})  # fmt: skip
"""Keywords that a query may have: those by which archives find studies."""

_UID = re.compile(r"\d+(\.\d+)+")
_LONGEST_UID = 64


@dataclass(frozen=True)
class StudyQuery:
    """Keys of one question to an archive.

    Attributes:
        keys: Values by keyword, with the wildcards and ranges of the standard.
    """

    keys: Mapping[str, str]


def of_study(uid: str) -> StudyQuery:
    """The query of one study.

    Raises:
        InputError: It is no UID (`wrong_usage`).

    >>> of_study("1.2.840.1").keys
    {'StudyInstanceUID': '1.2.840.1'}
    """
    if len(uid) > _LONGEST_UID or not _UID.fullmatch(uid):
        raise InputError("--study: must be a Study Instance UID", "wrong_usage")
    return StudyQuery({"StudyInstanceUID": uid})


def read_queries(path: Path) -> list[StudyQuery]:
    """The queries of a YAML file: a mapping of keywords to values, or a list of such mappings.

    Raises:
        InputError: `bad_query`; the message holds no value, since values may name a patient.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(
            f"--query {path.name}: cannot be read as YAML ({type(error).__name__})", "bad_query"
        ) from error
    entries = content if isinstance(content, list) else [content]
    queries = [_query(entry, path.name) for entry in entries]
    if not queries:
        raise InputError(f"--query {path.name}: holds no query", "bad_query")
    return queries


def _query(entry: object, name: str) -> StudyQuery:
    if not isinstance(entry, dict) or not all(isinstance(key, str) for key in entry):
        raise InputError(
            f"--query {name}: must be DICOM keywords with values, such as 'StudyDate: 20240131'",
            "bad_query",
        )
    unknown = sorted(set(entry) - KEYS)
    if unknown:
        raise InputError(
            f"--query {name}: {unknown[0]!r} is no key for studies; known are "
            f"{', '.join(sorted(KEYS))}",
            "bad_query",
        )
    values = {}
    for key, value in entry.items():
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise InputError(f"--query {name}: {key} must be text; put it in quotes", "bad_query")
        text = str(value)
        if "\\" in text or not text.isprintable() or len(text) > _LONGEST_UID:
            raise InputError(f"--query {name}: {key} holds no plain value", "bad_query")
        values[key] = text
    if not any(value.strip("*?") for value in values.values()):
        raise InputError(
            f"--query {name}: matches every study; name a date, a patient or a description",
            "bad_query",
        )
    return StudyQuery(values)
