"""Protocol files: which line the stacks follow, about which point, and their slices."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, get_args

import yaml

from callosal.models.errors import GeometryError, InputError
from callosal.pipelines.settings import (
    PlanSettings,
    ProtocolCenter,
    ProtocolLine,
    ProtocolSettings,
    Settings,
    SliceSettings,
)

LARGEST_BYTES: Final = 100_000
STACKS: Final = ("transverse", "coronal", "sagittal")
KEYS: Final = ("line", "angle_offset_deg", "center", "stacks")


@dataclass(frozen=True)
class Protocol:
    """Content of a protocol file.

    Attributes:
        line: Line and centre.
        stacks: Slices of the stacks that the file names.
    """

    line: ProtocolSettings
    stacks: Mapping[str, SliceSettings]


def shipped_protocols() -> dict[str, Path]:
    """The protocol files of this install by name."""
    folder = Path(str(files("callosal.configs"))) / "protocols"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def with_protocol(settings: Settings, name: str) -> Settings:
    """Settings with the line, the centre and the slices of a protocol.

    Args:
        settings: What else is set; slices of stacks that the protocol does not name stay.
        name: Name of a protocol that ships, or a file.

    Raises:
        InputError: There is no such protocol (`no_such_protocol`), or its file has another form
            (`bad_protocol`).

    Example:
        >>> import callosal
        >>> settings = with_protocol(callosal.Settings(), "ac_pc")
        >>> settings.protocol.line, settings.protocol.center
        ('ac_pc', 'final')
    """
    protocol = read_protocol(name)
    before, named = settings.plan, protocol.stacks
    plan = replace(
        before,
        transverse=named.get("transverse", before.transverse),
        coronal=named.get("coronal", before.coronal),
        sagittal=named.get("sagittal", before.sagittal),
    )
    return replace(settings, protocol=protocol.line, plan=plan)


def read_protocol(name: str) -> Protocol:
    """A protocol that ships, or that of a file; arguments and errors as of `with_protocol`."""
    path = Path(name)
    if not path.is_file():
        shipped = shipped_protocols()
        if name not in shipped:
            near = get_close_matches(name, shipped, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise InputError(
                f"protocol {name}: there is no such file and no protocol of that name; {meant}"
                f"these ship: {', '.join(shipped)}",
                "no_such_protocol",
            )
        path = shipped[name]
    return _protocol(_content(path), path)


def _content(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise _bad(path, f"is larger than {LARGEST_BYTES} bytes")
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = str(error).splitlines()[0]
        raise _bad(path, f"cannot be read as YAML ({why})") from error
    return _known(content, KEYS, "the protocol", path)


def _protocol(content: Mapping[str, Any], path: Path) -> Protocol:
    line = content.get("line", "final")
    center = content.get("center", "final")
    for key, value, choices in (
        ("line", line, get_args(ProtocolLine)),
        ("center", center, get_args(ProtocolCenter)),
    ):
        if value not in choices:
            raise _bad(path, f"{key} {value!r} is not one of {', '.join(choices)}")
    offset_deg = _number(content.get("angle_offset_deg", 0.0), "angle_offset_deg", path)
    stacks = _known(content.get("stacks") or {}, STACKS, "stacks", path)
    try:
        settings = ProtocolSettings(path.stem, line, offset_deg, center)
        slices = {name: _slices(name, entry, path) for name, entry in stacks.items()}
    except GeometryError as error:
        raise _bad(path, str(error)) from error
    return Protocol(settings, slices)


def _slices(name: str, content: object, path: Path) -> SliceSettings:
    known = [field.name for field in fields(SliceSettings)]
    entry = _known(content, known, f"stacks: {name}", path)
    default: SliceSettings = getattr(PlanSettings(), name)
    given: dict[str, Any] = {}
    for key in ("thickness_mm", "gap_mm"):
        if key in entry:
            given[key] = _number(entry[key], f"{name}: {key}", path)
    count = entry.get("n_slices")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int)):
        raise _bad(path, f"{name}: n_slices {count!r} is not a whole number")
    sides = entry.get("fov_mm")
    if sides is not None:
        if not isinstance(sides, list) or len(sides) != 2:
            raise _bad(path, f"{name}: fov_mm {sides!r} is not a list of two numbers")
        width, height = (_number(side, f"{name}: fov_mm", path) for side in sides)
        sides = (width, height)
    return replace(default, **given, n_slices=count, fov_mm=sides)


def _known(
    content: object, keys: tuple[str, ...] | list[str], where: str, path: Path
) -> Mapping[str, Any]:
    """A mapping of known keys."""
    if not isinstance(content, dict):
        raise _bad(path, f"{where}: is not a mapping of {', '.join(keys)}")
    for key in content:
        if key not in keys:
            near = get_close_matches(str(key), keys, 1)
            meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(keys)}"
            raise _bad(path, f"{where}: unknown key {key!r}; {meant}")
    return content


def _number(value: object, where: str, path: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad(path, f"{where} {value!r} is not a number")
    return float(value)


def _bad(path: Path, what: str) -> InputError:
    return InputError(f"protocol {path.name}: {what}", "bad_protocol")
