"""The Containerfile fits the project; tests have no podman or docker to build it with."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _instructions() -> list[tuple[str, str]]:
    """Instructions with their arguments, lines joined, comments left out."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", "", lines)
    words = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [(name, rest.strip()) for name, _, rest in words]


INSTRUCTIONS = _instructions()


def _all(name: str) -> list[str]:
    return [rest for found, rest in INSTRUCTIONS if found == name]


def _last_stage() -> list[tuple[str, str]]:
    start = max(i for i, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM")
    return INSTRUCTIONS[start:]


def test_only_instructions_that_there_are() -> None:
    known = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "EXPOSE", "STOPSIGNAL",
             "ENTRYPOINT", "CMD"}  # fmt: skip
    assert {name for name, _ in INSTRUCTIONS} <= known


def test_the_python_of_the_image_is_one_the_project_takes() -> None:
    lowest = re.fullmatch(r">=3\.(\d+)", PROJECT["project"]["requires-python"])
    assert lowest is not None
    for image in _all("FROM"):
        found = re.match(r"docker\.io/library/python:3\.(\d+)-slim\b", image)
        assert found is not None, "a slim image with its whole name"
        assert int(found[1]) >= int(lowest[1])


def test_all_that_the_wheel_is_made_of_is_copied_and_nothing_that_is_not_there() -> None:
    copied = {name for rest in _all("COPY") if not rest.startswith("--from")
              for name in rest.split()[:-1]}  # fmt: skip
    folders = set(PROJECT["tool"]["setuptools"]["package-dir"].values())
    named = {PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
    assert copied == {"pyproject.toml", *named, *folders}
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize("name", [".containerignore", ".dockerignore"])
def test_the_builder_gets_what_is_copied_and_nothing_else(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    kept = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {part for rest in _all("COPY") if not rest.startswith("--from")
              for part in rest.split()[:-1]}  # fmt: skip
    assert kept == copied
    assert not any(fnmatch("tests", pattern) for pattern in kept)


def test_the_extras_that_are_installed_exist_and_are_light() -> None:
    (extras,) = re.findall(r"\[([\w,]+)\]", next(r for r in _all("RUN") if "/wheel/*.whl" in r))
    assert set(extras.split(",")) == {"cpu", "pacs"}
    assert set(extras.split(",")) <= set(PROJECT["project"]["optional-dependencies"])


def test_it_does_not_run_as_root() -> None:
    names = [name for name, _ in _last_stage()]
    (user,) = [rest for name, rest in _last_stage() if name == "USER"]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "a number, which a cluster can check"
    assert names.index("USER") > max(i for i, name in enumerate(names) if name == "RUN")
    assert f"--uid {user.partition(':')[0]} " in " ".join(_all("RUN"))


def test_the_entry_point_is_the_console_script() -> None:
    (entry,) = _all("ENTRYPOINT")
    assert entry == '["callosal"]'
    assert "callosal" in PROJECT["project"]["scripts"]


def test_the_open_port_is_that_of_listen() -> None:
    import inspect

    from callosal.pipelines.commands.listen import listen

    (port,) = _all("EXPOSE")
    assert int(port) == inspect.signature(listen).parameters["port"].default
