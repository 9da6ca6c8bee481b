"""Mistakes on a command line, told in one to three lines with the nearest name."""

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Final, NoReturn

import yaml
from jsonargparse import ArgumentParser

from callosal.models.errors import WRONG_USAGE, CallosalError, InputError

_OTHER_WORDS: Final = {"gpu": "cuda"}
"""What people call a choice that has another name here."""

_KINDS: Final = {
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "str": "a text",
}
"""Python's types in words."""


def option_names(parser: ArgumentParser) -> list[str]:
    """The options of a parser without their hyphens."""
    options = [option for action in parser._actions for option in action.option_strings]
    return [option.lstrip("-") for option in options]


def end_with_usage(
    prog: str, message: str, shown: Mapping[str, str], words: Sequence[str]
) -> NoReturn:
    """Print a mistake in one to three lines and end with code 3.

    Args:
        prog: What the person called, as "callosal infer".
        message: What the parser found, of any length.
        shown: What may have been meant, and how it is written: options, names of classes.
        words: The words after the command.
    """
    missing = re.search(r"File does not exist: '(.+)'", message)
    choices = re.search(r"Literal\[(.+?)\].*?Got value: (.+)", message, re.DOTALL)
    if missing is not None:
        told, near = _missing_config(Path(missing[1]))
    elif choices is not None:
        told = _with_hyphens(plain_reason(message))
        names = choices[1].replace("'", "").split(", ")
        near = _OTHER_WORDS.get(choices[2], choices[2])
        near = near if near in names else next(iter(get_close_matches(near, names, 1, 0.6)), None)
        shown = {}
    else:
        lines = [line.strip(" -:") for line in plain_reason(message).splitlines()]
        told = _with_hyphens("; ".join(line for line in lines if line))
        near = suggestion(message, list(shown))
        file = _file_of(message, words)
        if file is not None:
            told, shown = f"{file}: {told}", {}
    print(f"{prog}: {told}", file=sys.stderr)
    if near is not None:
        print(f"did you mean {shown.get(near, near)}?", file=sys.stderr)
    print(f"{prog} --help shows all options", file=sys.stderr)
    sys.exit(WRONG_USAGE)


def run_script(main: Callable[[], object]) -> None:
    """Run the main function of a script, and answer a mistake in one line as commands do.

    Args:
        main: It takes the words of the process.
    """
    try:
        main()
    except CallosalError as error:
        print(f"{Path(sys.argv[0]).name}: {error.code}: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def plain_reason(message: str) -> str:
    """What is wrong with a value, in words instead of Python's types, without a list of those.

    >>> plain_reason("Expected a <class 'int'>. Got value: many")
    "'many' is not a whole number"
    """
    key = re.match(r"Parser key \"(.+?)\"", message)
    where = f"{key[1]}: " if key else ""
    path = re.search(r"Not of type Path: (.+)", message)
    if path:
        return where + path[1]
    choice = re.search(r"Expected a typing\.Literal\[(.+?)\]\. Got value: (.+)", message)
    if choice:
        return f"{where}{choice[2]!r} is none of {choice[1].replace(chr(39), '')}"
    several = re.search(r"Expected a <class '(?:tuple|list)'>\. Got value: (.+)", message)
    if several:
        return f"{where}{several[1]!r} is no list; write '[{several[1]}]'"
    one = re.search(r"Expected a <class '(\w+)'>\. Got value: (.+)", message)
    if one and one[1] in _KINDS:
        return f"{where}{one[2]!r} is not {_KINDS[one[1]]}"
    _, union, reasons = message.partition("Does not validate against any of the Union subtypes")
    if not union:
        return message
    _, _, errors = reasons.partition("Errors:\n")
    indent = len(errors) - len(errors.lstrip())
    outer: list[str] = re.findall(rf"^ {{{indent}}}- (.+)", errors, re.MULTILINE)
    telling = [line for line in outer if not line.startswith(("Expected a", "Not a valid"))]
    name = re.search(r"Expected a dot import path string: (.+)", errors)
    choices = re.search(r"Literal\[(.+?)\]", reasons)
    given = re.search(r"Given value: (.+)", reasons)
    if telling:
        return where + telling[0]
    if name:
        return f"{where}there is no class {name[1]}"
    if choices and given:
        return f"{where}{given[1]!r} is none of {choices[1]}"
    kinds = [
        _KINDS[kind]
        for kind in re.findall(r"- Expected a <class '(\w+)'>", errors)
        if kind in _KINDS
    ]
    if given and kinds:
        return f"{where}{given[1]!r} is not {' or '.join(kinds)}"
    return message


def _missing_config(path: Path) -> tuple[str, str | None]:
    """Message and nearest file for a config that is not there, looked for beside it too."""
    there = [each for folder in (path.parent, Path("configs")) for each in folder.glob("*.yaml")]
    names = {each.name: str(each) for each in there}
    near = get_close_matches(path.name, names, 1, cutoff=0.8)
    here = os.path.relpath(names[near[0]]) if near else None
    return f"--config: there is no file {path.name}", here


def check_configs(words: Sequence[str]) -> None:
    """Refuse configs that are no YAML of options; one that is not there is left to the parser.

    Raises:
        InputError: `wrong_usage`, with the file, line and column.
    """
    broken = _broken_config([name for name in config_files(words) if Path(name).exists()])
    if broken is not None:
        raise InputError(f"--config {broken}", "wrong_usage")


def _broken_config(names: Sequence[str]) -> str | None:
    for name in names:
        path = Path(name)
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = "" if mark is None else f", line {mark.line + 1}, column {mark.column + 1}"
            return f"{path.name}{where}: {error.problem or 'no YAML'}"
        except UnicodeDecodeError:
            return f"{path.name}: is no text in UTF-8"
        except (OSError, yaml.YAMLError) as error:
            return f"{path.name}: cannot be read ({type(error).__name__})"
        if not isinstance(content, dict):
            return f"{path.name}: holds no options; they are lines such as `name: value`"
    return None


def config_files(words: Sequence[str]) -> list[str]:
    """The files that are given as `--config FILE` or `--config=FILE`.

    >>> config_files(["fit", "--config", "a.yaml", "--config=b.yaml"])
    ['a.yaml', 'b.yaml']
    """
    files = [following for word, following in pairwise(words) if word == "--config"]
    return files + [word.partition("=")[2] for word in words if word.startswith("--config=")]


def _with_hyphens(told: str) -> str:
    """A message that names missing options as they are typed."""
    required = re.match(r"the following arguments are required: (.+)", told)
    if required is None:
        return told
    names = required[1].replace("_", "-").split(", ")
    options = [name if name in ("input", "inputs") else f"--{name}" for name in names]
    return f"missing: {', '.join(options)}"


def _file_of(message: str, words: Sequence[str]) -> str | None:
    """Name of the config whose option a message refuses; None where it was typed."""
    wrong = re.search(r"(?:Option|accept option|key) ['\"](.+?)['\"]", message)
    files = config_files(words)
    if wrong is None or not files or any(wrong[1] in word for word in words):
        return None
    return ", ".join(Path(file).name for file in files)


def suggestion(message: str, candidates: Sequence[str]) -> str | None:
    """The candidate nearest to a word of a message that is none itself.

    >>> suggestion("unrecognized arguments: --outptu here", ["output", "model"])
    'output'
    >>> suggestion("Option 'line' is not accepted", ["settings.line", "model"])
    'settings.line'
    """
    for word in re.findall(r"(?:--|['\"])([A-Za-z_][\w.-]*)", message):
        near: list[str] = get_close_matches(word, candidates, 1, cutoff=0.8)
        if near and word not in candidates:
            return near[0]
    for word in re.findall(r"--([A-Za-z_][\w.-]*)", message):
        longer = [name for name in candidates if name.startswith(word)]
        if len(longer) == 1:
            return longer[0]
    leaves = {name.rpartition(".")[2]: name for name in reversed(candidates) if "." in name}
    for word in re.findall(r"(?:'|--)([A-Za-z_]\w*)", message):
        near = get_close_matches(word, leaves, 1, cutoff=0.8)
        if near and word not in candidates:
            return leaves[near[0]]
    return None
