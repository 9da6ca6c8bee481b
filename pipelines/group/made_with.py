"""What made each result of a group, and whether results of several makes are mixed."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from callosal.pipelines.outputs.file_names import RUN_FILE, RUNS
from callosal.pipelines.outputs.json_object import json_object

MADE_WITH = ("software", "model", "settings")
"""Columns of version, network and settings; the last two end with the start of a hash."""

_HASH_LETTERS = 8
_MOST_NAMES = 8


def made_with(plan_file: Path) -> dict[str, str | None]:
    """What an image was measured with, as columns; None for an image without a plan.

    Args:
        plan_file: The plan among its derivatives.
    """
    plan = json_object(plan_file)
    software, model = plan.get("software"), plan.get("model")
    if not (isinstance(software, dict) and isinstance(model, dict)):
        return dict.fromkeys(MADE_WITH)
    return {
        "software": f"callosal {software.get('callosal')}",
        "model": model_words(model.get("name"), model.get("sha256")),
        "settings": _config(plan.get("config_sha256")),
    }


def model_words(name: object, sha256: object) -> str:
    """Name of a network with the start of its hash."""
    return f"{name} {_start(sha256)}"


def mixture(rows: Sequence[Mapping[str, Any]], output_dir: Path) -> list[str]:
    """What a reader must know if results of several makes are mixed; else nothing.

    Args:
        rows: Rows of the table.
        output_dir: Folder of the derivatives, whose runs record their settings.
    """
    makes: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        if row.get("software") is not None:
            make = tuple(str(row[name]) for name in MADE_WITH)
            makes.setdefault(make, []).append(str(row["participant_id"]))
    if len(makes) < 2:
        return []
    ordered = sorted(makes.items(), key=lambda made: -len(made[1]))
    shares = [_share(make, people) for make, people in ordered]
    return [
        f"the images were not all measured alike: {'; '.join(shares)}. Such a difference can look "
        "like one between participants; run `callosal bids ... participant` again with one model "
        "and the same settings",
        *_differing_settings({make[-1] for make in makes}, output_dir),
    ]


def _share(make: tuple[str, ...], people: Sequence[str]) -> str:
    software, model, settings = make
    names = list(dict.fromkeys(people))
    shown = ", ".join(names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    count = f"{len(people)} image{'s' if len(people) > 1 else ''}"
    return f"{count} with {software}, model {model}, {settings} ({shown}{more})"


def _differing_settings(wanted: set[str], output_dir: Path) -> Iterator[str]:
    """Which settings differ, where runs still record them."""
    records = map(json_object, sorted((output_dir / RUNS).glob(f"*/{RUN_FILE}")))
    configs = {
        name: _leaves(record.get("config"))
        for record in records
        if (name := _config(record.get("config_sha256"))) in wanted
    }
    names = sorted({name for config in configs.values() for name in config})
    found = [
        (name, values)
        for name in names
        if len(set(values := [str(config.get(name)) for config in configs.values()])) > 1
    ]
    if found:
        told = "; ".join(f"{name} is {' or '.join(dict.fromkeys(v))}" for name, v in found)
        yield f"settings that differ between participants: {told}"


def _leaves(config: object, prefix: str = "") -> dict[str, object]:
    """Settings by dotted name."""
    if not isinstance(config, dict):
        return {prefix: config} if prefix else {}
    return {
        name: value
        for key, inner in config.items()
        for name, value in _leaves(inner, f"{prefix}.{key}" if prefix else str(key)).items()
    }


def _config(digest: object) -> str:
    """A name of settings that no program takes for a number."""
    return f"config-{_start(digest)}"


def _start(digest: object) -> str:
    return str(digest)[:_HASH_LETTERS]
