"""Whether a document is a plan: the schema `callosal/plan/2`, and all its numbers finite."""

import json
import math
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

from callosal.models.errors import InputError


def validate_plan(document: Mapping[str, Any]) -> None:
    """Checks a plan document against the JSON schema, and that all its numbers are finite.

    Raises:
        InputError: It does not keep the schema (`invalid_plan`); the message names the place.
    """
    errors = sorted(_validator().iter_errors(document), key=lambda error: list(error.path))
    problems = [(error.json_path, error.message) for error in errors]
    problems += [(path, "is not finite") for path in _not_finite(document, "$")]
    if problems:
        path, message = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        text = message if len(message) < 200 else message[:200] + "..."
        raise InputError(f"plan: {path}: {text}{more}", "invalid_plan")


@cache
def _validator() -> Draft202012Validator:
    text = files("callosal.configs").joinpath("plan.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def _not_finite(value: Any, path: str) -> Iterable[str]:
    if isinstance(value, float) and not math.isfinite(value):
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _not_finite(item, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _not_finite(item, f"{path}[{i}]")
