"""docs/how-to/service.md and docs/concepts/security.md say what is so."""

import inspect
import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from callosal.pipelines.archive import dispatch, sender
from callosal.pipelines.commands.infer import infer
from callosal.pipelines.commands.listen import listen
from callosal.pipelines.commands.send import send
from callosal.pipelines.commands.watch import watch
from callosal.pipelines.service import (
    arrivals,
    associations,
    intake,
    interrupted,
    limits,
    series_planner,
)
from callosal.pipelines.service import watch as watching

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "service.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs" / "concepts" / "security.md").read_text(encoding="utf-8")
COMMANDS = {"watch": watch, "listen": listen, "infer": infer, "send": send}
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
IN_WORDS = dict(enumerate(NUMBERS))
OF_PODMAN = {"rm", "network", "read-only", "tmpfs", "cap-drop", "user", "userns", "stop-timeout"}


def _calls() -> list[list[str]]:
    """Words of each command line of the page from `callosal` on, continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", PAGE)
    found = re.findall(
        r"^ {4}.*?\bcallosal ((?:watch|listen|infer|send) .*)$", joined, re.MULTILINE
    )
    return [shlex.split(line, comments=True) for line in found]


def test_every_command_of_the_page_has_the_options_it_is_given() -> None:
    assert len(_calls()) >= 6
    for name, *words in _calls():
        parameters = inspect.signature(COMMANDS[name]).parameters
        options = {re.split("[=.]", word[2:])[0].replace("-", "_") for word in words
                   if word.startswith("--")}  # fmt: skip
        assert options <= set(parameters), name
        required = {key for key, value in parameters.items() if value.default is value.empty}
        assert required - {"input", "inputs"} <= options, (name, words)


def test_every_option_that_is_told_of_exists() -> None:
    known = {key for command in COMMANDS.values() for key in inspect.signature(command).parameters}
    told = set(re.findall(r"--([a-z][a-z-]+)", PAGE)) - OF_PODMAN - {"limits"}
    assert {word.replace("-", "_") for word in told} <= known


def test_the_table_of_limits_is_that_of_the_code() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", PAGE, re.MULTILINE))
    made = limits.Limits()
    assert {name: float(value) for name, value in rows.items()} == {
        field.name: float(getattr(made, field.name)) for field in fields(made)
    }


@pytest.mark.parametrize(
    "said",
    [
        f"{arrivals.PATIENCE} times `--quiet-seconds`",
        f"A message part of over {intake.MAX_PART_BYTES / 2**20:.0f} MiB",
        f"more than {IN_WORDS[intake.MAX_WAITING + 1]} objects per association",
        f"at {IN_WORDS[intake.MAX_EXCESS]} times as much the sender is cut off",
        f"at {IN_WORDS[associations.CONNECTIONS]} times as many connections",
        f"tried again after {IN_WORDS[round(watching.RETRY_S / 60)]} minutes",
        f"At most {100 * watching.LOOK_SHARE:.0f} % of the time goes into walking it",
        f"at most {100 * series_planner.TABLES_SHARE:.0f} % into tables and report",
        f"after {sender.Patience().first_s:.0f} s, then twice as long each time up to "
        f"{sender.Patience().longest_s / 60:.0f} minutes",
        f"for {interrupted.HOLD_S:.0f} s after its last object",
        f"up to {sender.Patience().tries} times (over an hour)",
        f"`--quiet-seconds` ({inspect.signature(watch).parameters['quiet_seconds'].default:.0f})",
        f"`--poll-seconds` ({inspect.signature(watch).parameters['poll_seconds'].default:.0f})",
    ],
)
def test_the_page_gives_the_constants_of_the_code(said: str) -> None:
    assert said in " ".join(PAGE.split())


def test_reviews_are_looked_for_as_often_as_the_page_says() -> None:
    assert "within a minute" in PAGE
    assert dispatch.LOOK_S < 60


def test_the_statuses_are_those_of_the_code() -> None:
    listener = pytest.importorskip(
        "callosal.pipelines.service.listener", reason="receiving needs the extra `pacs`"
    )
    table = PAGE[PAGE.index("| status | means |") : PAGE.index("**The spool.**")]
    told = {int(word, 16) for word in re.findall(r"\b[0-9A-F]{4}\b", table)}
    assert told == {listener.SUCCESS, listener.OUT_OF_RESOURCES, listener.WRONG_CLASS,
                    listener.INVALID_INSTANCE, listener.CANNOT_UNDERSTAND}  # fmt: skip


def test_the_tests_that_the_threat_model_names_are_there() -> None:
    """Of the rows that name a function; the file is that of the row, or the one before in it."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")}
    named = re.findall(r"(?:(test_\w+\.py))?::(test_\w+)", SECURITY)
    assert len(named) > 15
    everything = "\n".join(texts.values())
    for file, function in named:
        assert f"def {function}(" in (texts[file] if file else everything), function
