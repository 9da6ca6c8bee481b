"""Values that may be of several types: what is wrong, not the list of the types."""

import pytest
from jsonargparse import ArgumentError, ArgumentParser

from callosal.pipelines.cli import main
from callosal.pipelines.console.usage import plain_reason

UNION = "Does not validate against any of the Union subtypes"


def test_a_choice_names_the_value_and_the_choices() -> None:
    message = f"""Parser key "settings.parcels":
  {UNION}
  Subtypes: [typing.Literal['witelson', 'hofer_frahm'], <class 'NoneType'>]
  Errors:
    - Expected a typing.Literal['witelson', 'hofer_frahm']
    - Expected a <class 'NoneType'>
  Given value type: <class 'str'>
  Given value: witleson"""
    told = "settings.parcels: 'witleson' is none of 'witelson', 'hofer_frahm'"
    assert plain_reason(message) == told


def test_what_a_class_refuses_is_told_in_its_own_words() -> None:
    message = f"""{UNION}
Subtypes: [list[Callback], Callback, <class 'NoneType'>]
Errors:
  - share must lie above 0 and be at most 1, got 1.5
  - Not a valid subclass of Callback
    Subclass types expect one of:
    - a class path (str)
  - Expected a <class 'NoneType'>
Given value type: <class 'list'>
Given value: [<a>]"""
    assert plain_reason(message) == "share must lie above 0 and be at most 1, got 1.5"


def test_an_unknown_class_is_named() -> None:
    message = f"""Parser key "trainer.callbacks":
  {UNION}
  Subtypes: [list[Callback], Callback, <class 'NoneType'>]
  Errors:
    - Expected a dot import path string: Teahcers
    - Expected a <class 'NoneType'>
  Given value: Teahcers"""
    assert plain_reason(message) == "trainer.callbacks: there is no class Teahcers"


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("--share=abc", "share: 'abc' is not a number"),
        ("--steps=1.5", "steps: '1.5' is not a whole number"),
        ("--fast=perhaps", "fast: 'perhaps' is not true or false"),
        ("--limit=all", "limit: 'all' is not a whole number"),
    ],
)
def test_types_are_told_in_words(word: str, told: str) -> None:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--share", type=float)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--fast", type=bool)
    parser.add_argument("--limit", type=int | None)
    with pytest.raises(ArgumentError) as wrong:
        parser.parse_args([word])
    assert plain_reason(str(wrong.value)) == told


def test_other_messages_stay_as_they_are() -> None:
    assert plain_reason("Option 'line' is not accepted") == "Option 'line' is not accepted"


def test_a_misspelt_choice_is_named_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["infer", "nowhere", "--output", "out", "--settings.parcels", "witleson"])
    assert code == 3
    told = capsys.readouterr().err
    assert "'witleson' is none of 'witelson', 'hofer_frahm'" in told
    assert "Union" not in told


def test_an_empty_path_is_told_without_the_words_of_the_parser() -> None:
    message = 'Parser key "output":\n  Not of type Path: an empty path; name a file or folder'
    assert plain_reason(message) == "output: an empty path; name a file or folder"
