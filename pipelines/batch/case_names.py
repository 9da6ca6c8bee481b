"""How the cases of a run are named in its folders, tables and pages."""

from pathlib import Path

from callosal.pipelines.outputs.case_id import (
    Names,
    distinct_names,
    file_case_name,
    is_volume_name,
    series_case_name,
)
from callosal.pipelines.reading.cases import Case, CaseIndex
from callosal.pipelines.reading.series_words import series_words
from callosal.pipelines.reading.skips import NOT_IMAGES, Skip


def shown_names(index: CaseIndex, names: Names) -> Names:
    """What `auto` means for an input: `files` if it holds no DICOM, else `hash`."""
    if names != "auto":
        return names
    is_nifti = all(case.kind == "nifti" for case in index.cases)
    others = [skip for skip in index.skipped if skip.code not in NOT_IMAGES]
    return "files" if is_nifti and all(map(_is_file, others)) else "hash"


def case_names(index: CaseIndex, salt: str, names: Names) -> dict[str, str]:
    """Name of each case, and of each input that is not a case, by its secret identity.

    Names do not depend on the part of a run. If several cases have the same name, a hash is
    appended to each of them.

    Args:
        index: What the inputs hold, in all parts.
        salt: Salt of the output folder.
        names: How cases are named.
    """
    shown = shown_names(index, names)
    wanted = {case.uid_key: _wanted_of_case(case, shown) for case in index.cases}
    wanted |= {
        skip.key: skip.name
        or (file_case_name(skip.label) if shown != "hash" and _is_file(skip) else "")
        for skip in index.skipped
    }
    return distinct_names(wanted, salt)


def _wanted_of_case(case: Case, names: Names) -> str:
    if case.name or names == "hash":
        return case.name
    if isinstance(case.content, Path):
        return file_case_name(case.label)
    if names == "series":
        words = series_words(case.content)
        return series_case_name(words.series_number, words.description)
    return ""


def _is_file(skip: Skip) -> bool:
    """Whether a skipped input is one or more files with the name of a NIfTI volume."""
    return is_volume_name(skip.label.partition(" (and ")[0])
