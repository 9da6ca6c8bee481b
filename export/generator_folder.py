"""A generator on disk: a folder in the diffusers layout that says of itself what it needs.

`model_index.json` names every part with its SHA-256; a folder with a part that is missing or
changed is refused before anything of it is run.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from callosal.models.errors import ModelFileError
from callosal.models.generation.spec import GeneratorSpec

SCHEMA = "callosal/generator/1"
INDEX = "model_index.json"
SCHEDULER = "scheduler/scheduler_config.json"
DENOISER = "unet/model.onnx"
DECODER = "vae_decoder/model.onnx"
ENCODER = "vae_encoder/model.onnx"
SHAPE_MODEL = "shape/model.npz"
PIXEL_PARTS = frozenset({DENOISER, "unet/config.json", SCHEDULER})
LATENT_PARTS = PIXEL_PARTS | {DECODER, ENCODER, "vae/config.json"}
# A hundred times the shipped generator; more is no generator of slices.
MAX_PART_BYTES = 1 << 30
MAX_INDEX_BYTES = 1 << 20


@dataclass(frozen=True)
class Sampling:
    """How the generator is meant to be sampled.

    Attributes:
        sampler: Name of the algorithm.
        steps: Stations of the loop.
        guidance: Scale of classifier-free guidance where conditions are asked for.
        mask_from_image: Whether a mask that was drawn is estimated again from its image.
    """

    sampler: str
    steps: int
    guidance: float
    mask_from_image: bool = False


@dataclass(frozen=True, eq=False)
class GeneratorFolder:
    """A generator that has been read and found whole.

    Attributes:
        name: Short name of the network and its training.
        spec: What it makes and how it was trained.
        sampling: How it is meant to be sampled.
        parity: Largest differences to the torch networks, by measure.
        scheduler: Content of the scheduler's JSON.
        sha256: Hash of the index, and through it of every part.
        parts: Content of each part by its path in the folder.
    """

    name: str
    spec: GeneratorSpec
    sampling: Sampling
    parity: Mapping[str, float]
    scheduler: Mapping[str, Any]
    sha256: str
    parts: Mapping[str, bytes]


def read_generator_folder(folder: Path) -> GeneratorFolder:
    """Read a generator and check every part against the index.

    Args:
        folder: Folder that `callosal export` wrote.

    Raises:
        ModelFileError: There is no such folder, the index is damaged or names another schema, or
            a part is missing, too large or changed.
    """
    content = _read(folder, INDEX, MAX_INDEX_BYTES)
    index = _json(content, f"{folder.name}/{INDEX}")
    if index.get("schema") != SCHEMA:
        raise ModelFileError(
            f"{folder.name}/{INDEX}: names the schema {index.get('schema')!r}, not {SCHEMA!r}; "
            "export the generator with `callosal export`",
            code="foreign_model",
        )
    try:
        spec = GeneratorSpec.from_dict(index["generator"])
        sampling = Sampling(**index["sampling"])
        listed: dict[str, str] = {path: str(digest) for path, digest in index["sha256"].items()}
        name, parity = str(index["name"]), dict(index["parity"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelFileError(
            f"{folder.name}/{INDEX}: incomplete or malformed ({type(error).__name__}: {error}); "
            "export the generator again",
            code="bad_metadata",
        ) from error
    needed = parts_of(spec) | ({SHAPE_MODEL} & set(listed))
    parts = {path: _checked_part(folder, path, listed) for path in sorted(needed)}
    scheduler = _json(parts[SCHEDULER], f"{folder.name}/{SCHEDULER}")
    digest = hashlib.sha256(content).hexdigest()
    return GeneratorFolder(name, spec, sampling, parity, scheduler, digest, parts)


def parts_of(spec: GeneratorSpec) -> frozenset[str]:
    """Paths of the files that a generator of this kind needs beside its index."""
    return PIXEL_PARTS if spec.latent is None else LATENT_PARTS


def index_content(
    name: str,
    spec: GeneratorSpec,
    sampling: Sampling,
    parts: Mapping[str, bytes],
    facts: Mapping[str, Any],
) -> bytes:
    """Content of `model_index.json`.

    Args:
        name: Short name of the generator.
        spec: What it makes.
        sampling: How it is meant to be sampled.
        parts: Content of each part by its path in the folder.
        facts: Further entries: parity, hashes of checkpoint and configuration, versions.
    """
    components = {path.split("/")[0] for path in parts if path.endswith("model.onnx")}
    index = {
        "_class_name": "CallosalGenerator",
        "schema": SCHEMA,
        "name": name,
        **{part: ["onnxruntime", "InferenceSession"] for part in sorted(components)},
        "generator": spec.to_dict(),
        "sampling": asdict(sampling),
        "sha256": {path: hashlib.sha256(part).hexdigest() for path, part in sorted(parts.items())},
        **facts,
    }
    return (json.dumps(index, indent=1) + "\n").encode("utf-8")


def _checked_part(folder: Path, path: str, listed: Mapping[str, str]) -> bytes:
    if path not in listed:
        raise ModelFileError(
            f"{folder.name}/{INDEX}: does not list {path}, which this kind of generator needs; "
            "export the generator again",
            code="bad_metadata",
        )
    content = _read(folder, path, MAX_PART_BYTES)
    if hashlib.sha256(content).hexdigest() != listed[path]:
        raise ModelFileError(
            f"{folder.name}/{path}: was changed since the export (its SHA-256 is not the one in "
            f"{INDEX}); copy the whole folder again",
            code="changed_part",
        )
    return content


def _read(folder: Path, path: str, limit: int) -> bytes:
    if not folder.is_dir():
        raise ModelFileError(
            f"{folder}: no such generator folder; `callosal models` lists what ships",
            code="no_model",
        )
    part = folder / path
    if not part.is_file():
        raise ModelFileError(
            f"{folder.name}/{path}: this part of the generator is missing; copy the whole folder "
            "again",
            code="missing_part",
        )
    if part.stat().st_size > limit:
        raise ModelFileError(
            f"{folder.name}/{path}: {part.stat().st_size} bytes are over the limit of {limit}",
            code="model_too_large",
        )
    return part.read_bytes()


def _json(content: bytes, place: str) -> dict[str, Any]:
    try:
        values = json.loads(content)
    except ValueError as error:
        raise ModelFileError(f"{place}: is no JSON ({error})", code="bad_metadata") from error
    if not isinstance(values, dict):
        raise ModelFileError(f"{place}: holds no JSON object", code="bad_metadata")
    return values
