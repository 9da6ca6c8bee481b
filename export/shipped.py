"""The models that ship with callosal, found by name."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from callosal.models.errors import ModelFileError

DEFAULT = "attention_unet"


@dataclass(frozen=True)
class ShippedModel:
    """One shipped ONNX file and what is known of it.

    Attributes:
        name: Name to give as --model.
        path: The ONNX file; beside it lie a model card (.md) and a record (.json).
        kind: "segmenter".
        sha256: Hash the file had when it was released.
        metrics: Figures of `callosal evaluate` on the test sites.
    """

    name: str
    path: Path
    kind: str
    sha256: str
    metrics: dict[str, Any]


def shipped_models() -> tuple[ShippedModel, ...]:
    """All shipped models, by name."""
    folder = Path(str(files("callosal.models"))) / "weights"
    return tuple(_read(path) for path in sorted(folder.glob("*.json")))


def resolve_model(name_or_path: str) -> Path:
    """The file of a shipped model's name, or the path itself.

    Raises:
        ModelFileError: It is neither.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    names = {model.name: model.path for model in shipped_models()}
    if name_or_path not in names:
        raise ModelFileError(
            f"--model {name_or_path}: neither a file nor a shipped model "
            f"({', '.join(names) or 'none ships with this install'})",
            code="no_model",
        )
    return names[name_or_path]


def _read(record: Path) -> ShippedModel:
    fields = json.loads(record.read_text(encoding="utf-8"))
    return ShippedModel(
        name=record.stem,
        path=record.with_suffix(".onnx"),
        kind=fields["kind"],
        sha256=fields["sha256"],
        metrics=fields["metrics"],
    )
