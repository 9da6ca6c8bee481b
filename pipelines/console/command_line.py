"""Command lines from typed functions: jsonargparse with short errors and positional inputs."""

import inspect
import re
from argparse import HelpFormatter
from collections.abc import Callable, Sequence
from keyword import iskeyword
from pathlib import Path
from typing import Any, Final, NoReturn, get_origin

from jsonargparse import ActionConfigFile, ArgumentParser
from jsonargparse.typing import register_type

from callosal.pipelines.console.usage import check_configs, end_with_usage, option_names

_YES_NO: Final = {
    **dict.fromkeys(("true", "yes", "on"), "true"),
    **dict.fromkeys(("false", "no", "off"), "false"),
}

POSITIONAL: Final = {
    "inputs": "folders and files to read",
    "input": "folder or file to read",
    "bids_dir": "folder of the BIDS dataset",
    "output_dir": "folder to write into",
    "analysis_level": "participant measures each image, group compares all that are measured",
}
"""Parameters whose words stand without an option's name, in their order, with their help."""


def _named_path(value: str) -> Path:
    """A path that an option gives; an empty one would mean the current folder.

    Raises:
        ValueError: It is empty, as of a variable of a script that is not set.
    """
    if not str(value):
        raise ValueError("an empty path; name a file or folder, . for the current one")
    return Path(value)


register_type(Path, str, _named_path, type_check=isinstance)


class ShortParser(ArgumentParser):
    """A parser that answers a wrong option in one to three lines, with a suggestion.

    Options are never abbreviated: half a name of one that comes later would change its meaning.

    Attributes:
        words: What is parsed, for messages.
        flags: Options that are true where they stand without a value.
    """

    words: Sequence[str] = ()
    flags: frozenset[str] = frozenset()

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Tell what is wrong and the nearest option, and end with code 3."""
        if not self.exit_on_error:
            # A parser inside another one: the outer one adds where it was.
            super().error(message, ex)
        shown = {name: f"--{name}".rstrip("_").replace("_", "-") for name in option_names(self)}
        end_with_usage(self.prog, message, shown, self.words)

    def format_help(self, formatter: HelpFormatter | None = None) -> str:
        """Show options with hyphens, as people type them; underscores are taken as well."""
        text = re.sub(
            r"(?<![\w-])--\w+",
            lambda found: found[0].rstrip("_").replace("_", "-"),
            super().format_help(formatter),
        )
        text = re.sub(r"(?<=\s)([A-Z]+)_(?=[\s\]])", r"\1", text)
        text = re.sub(r"<class\s+'(\w+)'>", r"\1", text)
        flags = "|".join(name.lstrip("-").replace("_", "-") for name in self.flags)
        # They need no value, and so none is asked for.
        return re.sub(rf"(--(?:{flags}))\s\{{true,false\}}", r"\1", text) if flags else text


def command_parser(command: str, function: Callable[..., int]) -> ShortParser:
    """The parser of a command.

    Args:
        command: Its name.
        function: Typed function with a Google docstring; a parameter of `POSITIONAL` takes the
            words without an option's name.
    """
    summary = (function.__doc__ or "").split("\n\n")[0]
    parser = ShortParser(prog=f"callosal {command}", description=summary, allow_abbrev=False)
    parser.add_argument("--config", action=ActionConfigFile, help="YAML file with these options")
    parameters = inspect.signature(function).parameters
    positional = [name for name in POSITIONAL if name in parameters]
    for name in positional:
        several = {"nargs": "+", "type": Path} if name == "inputs" else {}
        kind = {"type": parameters[name].annotation, **several}
        parser.add_argument(name, **kind, help=POSITIONAL[name])
    parser.add_function_arguments(function, as_positional=False, skip=set(positional))
    for group in parser._action_groups:
        # The parser titles them with the summary, which stands above already.
        group.title = "options of this command" if group.title == summary else group.title
    parser.flags = frozenset(
        f"--{name}" for name, value in parameters.items() if value.annotation is bool
    )
    return parser


def call_function(command: str, function: Callable[..., int], words: list[str]) -> int:
    """Parse words into the arguments of a function and call it.

    Args:
        command: Name of the command, for messages.
        function: As of `command_parser`; it returns the exit code.
        words: What follows the command.
    """
    parser = command_parser(command, function)
    parameters = inspect.signature(function).parameters
    lists = {f"--{n}" for n, value in parameters.items() if get_origin(value.annotation) is list}
    spelt = _one_by_one(_spelt_out(words, parser.flags), lists)
    parser.words = words
    check_configs(words)
    arguments = parser.instantiate(parser.parse_args(list(map(_carried, spelt))))
    return function(**{name: _as_typed(arguments[name], words) for name in parameters})


# The parser cannot encode bytes of a path that are not UTF-8 (lone surrogates). They pass through
# it as characters of private use.
_TO_PRIVATE: Final = {0xDC00 + byte: 0xF700 + byte for byte in range(0x80, 0x100)}
_FROM_PRIVATE: Final = {private: lone for lone, private in _TO_PRIVATE.items()}


def _carried(word: str) -> str:
    return word.translate(_TO_PRIVATE)


def _as_typed(value: Any, words: Sequence[str]) -> Any:
    """A value of the parser with its paths as they were typed."""
    if all(_carried(word) == word for word in words):
        return value
    if isinstance(value, list):
        return [_as_typed(item, words) for item in value]
    return Path(str(value).translate(_FROM_PRIVATE)) if isinstance(value, Path) else value


def _spelt_out(words: list[str], flags: frozenset[str]) -> list[str]:
    """Write options as the parser has them: underscores for hyphens, true or false for flags.

    >>> _spelt_out(["a-b", "--read-only", "--part-id", "2"], frozenset({"--read_only"}))
    ['a-b', '--read_only', 'true', '--part_id', '2']
    >>> _spelt_out(["--overwrite", "No", "--overwrite=yes", "IN"], frozenset({"--overwrite"}))
    ['--overwrite', 'false', '--overwrite=true', 'IN']
    >>> _spelt_out(["--no-open", "RUN"], frozenset({"--open"}))
    ['--open=false', 'RUN']
    >>> _spelt_out(["--from", "A@B:1"], frozenset())  # no parameter can have this name
    ['--from_', 'A@B:1']
    """
    spelt: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        after_flag = bool(spelt) and spelt[-1] in flags
        if after_flag:
            spelt.append(_YES_NO.get(word.lower(), "true"))
        if name.startswith("--"):
            name = name[:2] + name[2:].replace("-", "_")
            name += "_" if iskeyword(name[2:]) else ""
            if not equals and name.startswith("--no_") and f"--{name[5:]}" in flags:
                name, equals, value = f"--{name[5:]}", "=", "false"
            value = _YES_NO.get(value.lower(), value) if name in flags else value
            spelt.append(name + equals + value)
        elif not after_flag or word.lower() not in _YES_NO:
            spelt.append(word)
    return [*spelt, "true"] if spelt and spelt[-1] in flags else spelt


def _one_by_one(words: list[str], lists: set[str]) -> list[str]:
    """Write an option that takes several words as the parser has it: appended one by one.

    >>> _one_by_one(["--condition", "a=1", "b=2", "--count", "3"], {"--condition"})
    ['--condition+=a=1', '--condition+=b=2', '--count', '3']
    """
    appended: list[str] = []
    open_list = ""
    for word in words:
        name, equals, value = word.partition("=")
        if word.startswith("--"):
            open_list = name if name in lists else ""
            if open_list and equals:
                appended.append(f"{name}+={value}")
            elif not open_list:
                appended.append(word)
        elif open_list:
            appended.append(f"{open_list}+={word}")
        else:
            appended.append(word)
    return appended
