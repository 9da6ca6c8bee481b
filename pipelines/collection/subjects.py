"""Whose pictures they are, and the split of each person: nobody may be in two.

A person is known from the patient id in the report of a DICOM case, from the `sub-` of a case that
BIDS named, or from a table of one's own. Ids are compared and then forgotten: none is written. An
id that anonymisers write for everybody, such as "anon", says nothing of the person.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread

from callosal.models.errors import DataError
from callosal.pipelines.collection.labelled_cases import LabelledCase
from callosal.pipelines.datasets.participants import Participant, read_table
from callosal.pipelines.outputs.file_names import REJECTED, STRUCTURED_REPORT

_BIDS = re.compile(r"(sub-[A-Za-z0-9]+)(_|$)")

_PLACEHOLDERS = frozenset(
    ("anon", "anonymous", "anonymized", "anonymised", "anonymizedpatient", "anonymouspatient",
     "deidentified", "removed", "hidden", "unknown", "none", "noid", "na", "patient", "subject")
)  # fmt: skip

Key = tuple[str, ...]


@dataclass(frozen=True)
class SubjectTable:
    """A table of one's own: which case is whose, and where each person belongs.

    Attributes:
        subjects: Person by case.
        sites: Site by case; empty where the table has none.
        splits: Split by case; empty likewise.
    """

    subjects: Mapping[str, str]
    sites: Mapping[str, str]
    splits: Mapping[str, str]


NO_TABLE = SubjectTable({}, {}, {})


def read_subjects(table: Path) -> SubjectTable:
    """Read a tab-separated table with the columns case_id and subject, and maybe site and split.

    Raises:
        DataError: `bad_subjects`: it is missing, lacks a column, or a value is empty.
    """
    header = _header(table)
    columns = ["case_id", "subject", *(name for name in ("site", "split") if name in header)]
    rows = read_table(table, columns, "bad_subjects")

    def column(name: str) -> dict[str, str]:
        return {row["case_id"]: row[name] for row in rows} if name in columns else {}

    return SubjectTable(column("subject"), column("site"), column("split"))


def _header(table: Path) -> list[str]:
    try:
        return table.read_bytes().splitlines()[0].decode("utf-8", "replace").split("\t")
    except (OSError, IndexError) as error:
        raise DataError(
            f"--subjects {table.name}: cannot be read; a table with the columns case_id and "
            "subject, separated by tabs, is needed",
            "bad_subjects",
        ) from error


def subject_keys(
    cases: Sequence[LabelledCase], table: SubjectTable, one_each: bool
) -> dict[LabelledCase, Key]:
    """Who each case shows.

    Args:
        cases: The cases.
        table: A table of one's own, `NO_TABLE` for none; it counts before anything else.
        one_each: Whether cases of persons that are not known show another person each.

    Raises:
        DataError: `unknown_subject`: it is not known of a case, and `one_each` is not said.
    """
    keys = {case: _key(case, table) for case in cases}
    unknown = [case.name for case, key in keys.items() if key is None]
    if unknown and not one_each:
        raise DataError(
            f"{len(unknown)} cases, such as {unknown[0]}, do not tell whom they show (no patient "
            "id, or one for everybody), and a person must not be in two splits; name --subjects "
            "TABLE (columns case_id and subject), or say --one-case-each if each shows another "
            "person",
            "unknown_subject",
        )
    return {case: key or ("case", str(case.folder)) for case, key in keys.items()}


def _key(case: LabelledCase, table: SubjectTable) -> Key | None:
    if case.name in table.subjects:
        return ("table", table.subjects[case.name])
    bids = _BIDS.match(case.name)
    if bids:
        return ("bids", bids.group(1))
    for path in (case.folder / STRUCTURED_REPORT, case.folder / REJECTED / STRUCTURED_REPORT):
        if path.is_file():
            head = dcmread(path, specific_tags=["PatientID", "IssuerOfPatientID"])
            patient = str(head.get("PatientID", "") or "").strip()
            issuer = str(head.get("IssuerOfPatientID", "") or "").strip()
            return None if is_placeholder(patient) else ("patient", patient, issuer)
    return None


def is_placeholder(patient_id: str) -> bool:
    """Whether a patient id is empty, or one that anonymisers give to everybody.

    >>> [is_placeholder(text) for text in ("", "Anon", "ANONYMOUS_PATIENT", "000", "xxx")]
    [True, True, True, True, True]
    >>> is_placeholder("anon-0017"), is_placeholder("10203")
    (False, False)
    """
    told = "".join(letter for letter in patient_id.casefold() if letter.isalnum())
    return told in _PLACEHOLDERS or not told.strip("0") or not told.strip("x")


def participants(
    keys: Mapping[LabelledCase, Key], table: SubjectTable, site: str, val_share: float
) -> dict[LabelledCase, Participant]:
    """Names, sites and splits of the cases: each person in one split, some in each.

    Args:
        keys: Who each case shows, as of `subject_keys`.
        table: A table of one's own; its splits and sites count.
        site: Site of all others.
        val_share: Share of the other persons that validation gets; at least one.

    Raises:
        DataError: `one_subject`: nobody is left for training or validation.
    """
    persons = list(dict.fromkeys(keys.values()))
    told = {keys[case]: table.splits[case.name] for case in keys if case.name in table.splits}
    free = [person for person in persons if person not in told]
    chosen = _evenly(free, val_share, at_least=0 if "val" in told.values() else 1)
    found, counts = {}, dict.fromkeys(persons, 0)
    for case, person in keys.items():
        counts[person] += 1
        name = f"sub-{persons.index(person) + 1:04d}_ses-{counts[person]:02d}"
        split = table.splits.get(case.name) or told.get(person)
        split = split or ("val" if person in chosen else "train")
        found[case] = Participant(name, table.sites.get(case.name, site), split)
    splits = {person.split for person in found.values()}
    if not {"train", "val"} <= splits:
        raise DataError(
            f"{len(persons)} person(s) in {len(keys)} reviewed cases: training and validation need "
            "another person each; review more, or tell persons apart by --subjects TABLE",
            "one_subject",
        )
    return found


def _evenly(persons: Sequence[Key], share: float, at_least: int) -> frozenset[Key]:
    """A share of the persons, evenly spread over all; fewer than all."""
    count = min(max(round(len(persons) * share), at_least), max(len(persons) - 1, 0))
    return frozenset(persons[int((i + 0.5) * len(persons) / count)] for i in range(count))
