"""Command lines from typed functions: jsonargparse with short errors and positional inputs."""

import difflib
import inspect
import os
import re
import sys
from argparse import HelpFormatter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NoReturn, get_origin

from jsonargparse import ActionConfigFile, ArgumentParser

WRONG_USAGE = 3


class ShortParser(ArgumentParser):
    """A parser that answers a wrong option in one to three lines, with a suggestion.

    Options are never abbreviated: half a name of one that comes later would change its meaning.

    Attributes:
        words: What is parsed, for messages.
    """

    words: Sequence[str] = ()

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Tell what is wrong and the nearest option, and end with code 3."""
        if not self.exit_on_error:
            # A parser inside another one: the outer one adds where it was.
            super().error(message, ex)
        shown = {name: f"--{name}".replace("_", "-") for name in option_names(self)}
        end_with_usage(self.prog, message, shown, self.words)

    def format_help(self, formatter: HelpFormatter | None = None) -> str:
        """Show options with hyphens, as people type them; underscores are taken as well."""
        text = re.sub(
            r"(?<![\w-])--\w+",
            lambda found: found[0].replace("_", "-"),
            super().format_help(formatter),
        )
        return re.sub(r"<class\s+'(\w+)'>", r"\1", text)


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
    if missing is not None:
        told, near = _missing_config(Path(missing[1]))
    else:
        lines = [line.strip(" -:") for line in message.splitlines()]
        told = _with_hyphens("; ".join(line for line in lines if line))
        near = suggestion(message, list(shown))
        file = _file_of(told, words)
        if file is not None:
            told, shown = f"{file}: {told}", {}
    print(f"{prog}: {told}", file=sys.stderr)
    if near is not None:
        print(f"did you mean {shown.get(near, near)}?", file=sys.stderr)
    print(f"{prog} --help tells all options", file=sys.stderr)
    sys.exit(WRONG_USAGE)


def _missing_config(path: Path) -> tuple[str, str | None]:
    """Message and nearest file for a config that is not there, looked for beside it too."""
    there = [each for folder in (path.parent, Path("configs")) for each in folder.glob("*.yaml")]
    names = {each.name: str(each) for each in there}
    near = difflib.get_close_matches(path.name, names, 1, cutoff=0.8)
    here = os.path.relpath(names[near[0]]) if near else None
    return f"--config: there is no file {path.name}", here


def _with_hyphens(told: str) -> str:
    """A message that names missing options as they are typed."""
    required = re.match(r"the following arguments are required: (.+)", told)
    if required is None:
        return told
    names = required[1].replace("_", "-").split(", ")
    options = [name if name in ("input", "inputs") else f"--{name}" for name in names]
    return f"missing: {', '.join(options)}"


def _file_of(told: str, words: Sequence[str]) -> str | None:
    """Name of the config whose option a message refuses; None where it was typed."""
    wrong = re.search(r"(?:Option|accept option|key) ['\"](.+?)['\"]", told)
    files = [following for word, following in pairwise(words) if word == "--config"]
    files += [word.partition("=")[2] for word in words if word.startswith("--config=")]
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
    for word in re.findall(r"[A-Za-z_][\w.-]*", message):
        near: list[str] = difflib.get_close_matches(word, candidates, 1, cutoff=0.8)
        if near and word not in candidates:
            return near[0]
    for word in re.findall(r"--([A-Za-z_][\w.-]*)", message):
        longer = [name for name in candidates if name.startswith(word)]
        if len(longer) == 1:
            return longer[0]
    leaves = {name.rpartition(".")[2]: name for name in reversed(candidates) if "." in name}
    for word in re.findall(r"(?:'|--)([A-Za-z_]\w*)", message):
        near = difflib.get_close_matches(word, leaves, 1, cutoff=0.8)
        if near and word not in candidates:
            return leaves[near[0]]
    return None


def call_function(command: str, function: Callable[..., int], words: list[str]) -> int:
    """Parse words into the arguments of a function and call it.

    A parameter named `inputs` or `input` takes the words without an option's name.

    Args:
        command: Name of the command, for messages.
        function: Typed function with a Google docstring; it returns the exit code.
        words: What follows the command.
    """
    summary = (function.__doc__ or "").split("\n\n")[0]
    parser = ShortParser(prog=f"callosal {command}", description=summary, allow_abbrev=False)
    parser.add_argument("--config", action=ActionConfigFile, help="YAML file with these options")
    parameters = inspect.signature(function).parameters
    positional: set[str | int] = {name for name in ("inputs", "input") if name in parameters}
    if "inputs" in positional:
        parser.add_argument("inputs", nargs="+", type=Path, help="folders and files to read")
    if "input" in positional:
        parser.add_argument("input", type=Path, help="folder or file to read")
    parser.add_function_arguments(function, as_positional=False, skip=positional)
    for group in parser._action_groups:
        # The parser titles them with the summary, which stands above already.
        group.title = "options of this command" if group.title == summary else group.title
    flags = {f"--{name}" for name, value in parameters.items() if value.annotation is bool}
    lists = {f"--{n}" for n, value in parameters.items() if get_origin(value.annotation) is list}
    spelt = _one_by_one(_spelt_out(words, flags), lists)
    parser.words = words
    arguments = parser.instantiate(parser.parse_args(spelt))
    return function(**{name: arguments[name] for name in parameters})


def _spelt_out(words: list[str], flags: set[str]) -> list[str]:
    """Write options as the parser has them: underscores for hyphens, a word for bare flags.

    >>> _spelt_out(["a-b", "--read-only", "--part-id", "2"], {"--read_only"})
    ['a-b', '--read_only', 'true', '--part_id', '2']
    """
    spelt: list[str] = []
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        is_option = name.startswith("--")
        spelt.append(
            (name[:2] + name[2:].replace("-", "_") if is_option else name) + equals + value
        )
        following = words[index + 1 : index + 2]
        if spelt[-1] in flags and following not in (["true"], ["false"]):
            spelt.append("true")
    return spelt


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
