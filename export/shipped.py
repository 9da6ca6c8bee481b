"""The models that ship with callosal, found by name."""

import hashlib
import json
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from callosal.models.errors import ModelFileError

DEFAULT = "attention_unet"
GENERATOR_INDEX = "model_index.json"
WEIGHTS = Path(str(files("callosal.models"))) / "weights"


@dataclass(frozen=True)
class ShippedModel:
    """One shipped model and its facts.

    Attributes:
        name: Name to give as --model.
        path: The ONNX file of a segmenter, beside which lie a model card (.md) and a record
            (.json); the folder of a generator.
        kind: "segmenter" or "generator".
        sha256: Hash the file had when it was released; of a generator, that of its index, which
            holds the hash of every part.
        metrics: Figures of `callosal evaluate` on the test sites, or of the generator's samples.
        size_bytes: Size of the file, or of the folder.
        reduced_from: Name of the float model of an eight-bit one; None for others.
        reduction: Cost and gain of eight bits, as in `Reduction.figures`; empty for others.
    """

    name: str
    path: Path
    kind: str
    sha256: str
    metrics: dict[str, Any]
    size_bytes: int
    reduced_from: str | None = None
    reduction: dict[str, Any] = field(default_factory=dict)


def shipped_models() -> tuple[ShippedModel, ...]:
    """All shipped models: segmenters by name, then generators."""
    segmenters = [
        _segmenter(path) for path in sorted(WEIGHTS.glob("*.json"), key=lambda path: path.stem)
    ]
    generators = [_generator(path) for path in sorted(WEIGHTS.glob(f"*/{GENERATOR_INDEX}"))]
    return (*segmenters, *generators)


def reduced_models(path: Path) -> tuple[ShippedModel, ...]:
    """The eight-bit models that ship beside a shipped float file; none for other files."""
    shipped = shipped_models()
    names = {model.name for model in shipped if model.path == path}
    return tuple(model for model in shipped if model.reduced_from in names)


def training_name(path: Path) -> str:
    """Name of the training of a model; for eight bits, that of its float model."""
    origins = {model.path: model.reduced_from for model in shipped_models()}
    return origins.get(path) or path.stem


def resolve_model(name_or_path: str) -> Path:
    """The file of a shipped segmenter's name, or the path itself.

    Raises:
        ModelFileError: It is neither.
    """
    path = Path(name_or_path)
    return path if path.is_file() else _named(name_or_path, "segmenter", "a file")


def resolve_generator(name_or_path: str) -> Path:
    """The folder of a shipped generator's name, or the path itself.

    Raises:
        ModelFileError: It is neither.
    """
    path = Path(name_or_path)
    return path if path.is_dir() else _named(name_or_path, "generator", "a folder")


def _named(name: str, kind: str, otherwise: str) -> Path:
    paths = {model.name: model.path for model in shipped_models() if model.kind == kind}
    if name not in paths:
        raise ModelFileError(
            f"--model {name}: neither {otherwise} nor a shipped {kind} "
            f"({', '.join(paths) or 'none ships with this install'})",
            code="no_model",
        )
    return paths[name]


def _segmenter(record: Path) -> ShippedModel:
    fields = json.loads(record.read_text(encoding="utf-8"))
    path = record.with_suffix(".onnx")
    return ShippedModel(
        name=record.stem,
        path=path,
        kind=fields["kind"],
        sha256=fields["sha256"],
        metrics=fields["metrics"],
        size_bytes=path.stat().st_size,
        reduced_from=fields.get("reduced_from"),
        reduction=fields.get("reduction", {}),
    )


def _generator(index: Path) -> ShippedModel:
    content = index.read_bytes()
    record = index.with_name("record.json")
    metrics = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    return ShippedModel(
        name=index.parent.name,
        path=index.parent,
        kind="generator",
        sha256=hashlib.sha256(content).hexdigest(),
        metrics=metrics,
        size_bytes=sum(path.stat().st_size for path in index.parent.rglob("*") if path.is_file()),
    )
