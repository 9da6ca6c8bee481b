"""The file of `--bids-filter-file`: which images of a dataset are taken."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callosal.models.errors import InputError

PRESETS: Mapping[str, Mapping[str, str]] = {
    "t1w": {"datatype": "anat", "suffix": "T1w"},
    "t2w": {"datatype": "anat", "suffix": "T2w"},
    "flair": {"datatype": "anat", "suffix": "FLAIR"},
}
"""Names that other BIDS Apps use in such files, and what each means before it is refined."""

_OTHER_KEYS = {"suffix", "datatype", "extension"}
_ABSENT, _ANY = (None, "Query.NONE"), ("*", "Query.ANY", "Query.REQUIRED")


@dataclass(frozen=True)
class Filter:
    """What an image must have to be taken.

    Attributes:
        wanted: Values by short entity name, `suffix`, `datatype` or `extension`; an image has one
            of them. None in the list stands for an entity that is absent, "*" for any value.
    """

    wanted: Mapping[str, tuple[str | None, ...]]

    def takes(self, entities: Mapping[str, str]) -> bool:
        """Whether an image with these entities is taken."""
        return all(
            any(_matches(entities.get(key), value) for value in values)
            for key, values in self.wanted.items()
        )


DEFAULT = (Filter({key: (value,) for key, value in PRESETS["t1w"].items()}),)
"""T1-weighted images."""


def read_filters(path: Path, short_names: Mapping[str, str]) -> tuple[Filter, ...]:
    """The filters of a file, such as `{"t1w": {"acquisition": "mprage", "run": null}}`.

    Each entry is a query; an image that any of them takes is planned on. The entries `t1w`, `t2w`
    and `flair` start from their suffix, others from nothing. A value is a text or a list; null
    asks for images without the entity, "*" for images with it.

    Args:
        path: The file.
        short_names: Entities by long and by short name, such as acquisition: acq.

    Raises:
        InputError: `bad_filter_file`.
    """
    try:
        queries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _bad(path, f"cannot be read as JSON ({type(error).__name__})") from None
    if not isinstance(queries, dict) or not queries:
        raise _bad(path, 'holds no queries; write {"t1w": {"acquisition": "mprage"}}')
    return tuple(_filter(path, name, query, short_names) for name, query in queries.items())


def _filter(path: Path, name: str, query: Any, short_names: Mapping[str, str]) -> Filter:
    if not isinstance(query, dict):
        raise _bad(path, f"{name!r} is no object of entities")
    wanted: dict[str, tuple[str | None, ...]] = {
        key: (value,) for key, value in PRESETS.get(name, {}).items()
    }
    for key, value in query.items():
        short = key if key in _OTHER_KEYS else short_names.get(key)
        if short is None:
            raise _bad(path, f"{name!r} names {key!r}, which is no entity of BIDS")
        wanted[short] = tuple(map(_value, value if isinstance(value, list) else [value]))
    return Filter(wanted)


def _value(value: Any) -> str | None:
    if value in _ABSENT:
        return None
    return "*" if value in _ANY else str(value)


def _matches(found: str | None, wanted: str | None) -> bool:
    """Whether a value is the wanted one; numbers are equal with and without leading zeros."""
    if found is None or wanted is None:
        return found is wanted
    if wanted == "*" or found == wanted:
        return True
    return found.isdecimal() and wanted.isdecimal() and int(found) == int(wanted)


def _bad(path: Path, why: str) -> InputError:
    return InputError(f"--bids-filter-file {path.name}: {why}", "bad_filter_file")


def taken(filters: Iterable[Filter], entities: Mapping[str, str]) -> bool:
    """Whether any of the filters takes an image with these entities."""
    return any(one.takes(entities) for one in filters)
