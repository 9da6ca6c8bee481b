"""run.json: what ran, with what, and how long each part took."""

import hashlib
import platform
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from callosal.export.devices import installed_version
from callosal.export.shipped import shipped_models
from callosal.pipelines.batch.request import Request
from callosal.pipelines.batch.session import Session

PACKAGES = ("callosal", "numpy", "scipy", "pydicom", "highdicom", "nibabel", "onnxruntime",
            "onnxruntime-gpu", "ray", "pynetdicom")  # fmt: skip


def run_record(
    session: Session, rows: Iterable[Mapping[str, Any]], timings_s: Mapping[str, float]
) -> dict[str, Any]:
    """Content of run.json.

    Args:
        session: What ran, and with what.
        rows: Rows of the tables.
        timings_s: Seconds of each part.
    """
    request, segmenter = session.request, session.segmenter
    return {
        "schema": "callosal/run/1",
        "command": request.command,
        "argv": argument_words(request, session.salt),
        "part": asdict(request.part),
        "names": request.names,
        "config": request.config,
        "config_sha256": request.settings.config_sha256,
        "model": {"name": segmenter.contract.name, "sha256": segmenter.sha256},
        "device": {"asked": request.engine.device, **segmenter.placement},
        "versions": {name: found for name in PACKAGES if (found := installed_version(name))},
        "python": sys.version.split()[0],
        "machine": platform.machine(),
        "counts": dict(Counter(str(row["status"]) for row in rows)),
        "timings_s": {name: round(seconds, 3) for name, seconds in timings_s.items()},
    }


def argument_words(request: Request, salt: str) -> list[str]:
    """The command line as it was understood, defaults spelt out.

    Paths can be personal, base names too: each is replaced by a salted hash, the same for the
    same path within one output folder. The settings stand under `config`.
    """
    engine, part = request.engine, request.part
    words: list[str] = [request.command, *(_hidden(path, salt) for path in request.inputs)]
    words += ["--output", _hidden(request.output, salt)]
    is_shipped = engine.model in {shipped.name for shipped in shipped_models()}
    words += ["--model", engine.model if is_shipped else _hidden(Path(engine.model), salt)]
    words += ["--device", engine.device, "--workers", str(engine.workers)]
    words += ["--threads", str(engine.threads)] if engine.threads is not None else []
    words += ["--part-id", str(part.index), "--num-parts", str(part.count)]
    words += ["--names", request.names] if request.command == "infer" else []
    words += ["--overwrite"] if request.overwrite else []
    words += ["--like", request.first.sha256] if request.first else []
    for name, patterns in (
        ("include", request.patterns.include),
        ("exclude", request.patterns.exclude),
    ):
        # A pattern can hold a name.
        words += [f"--{name}", *(_hidden(Path(one), salt) for one in patterns)] if patterns else []
    words += ["--mapping", _hidden(request.mapping, salt)] if request.mapping else []
    if engine.ray is None:
        return [*words, "--engine", "local"]
    # The address of a cluster is nobody's business but its users'.
    options = {name: value for name, value in asdict(engine.ray).items() if name != "address"}
    told = [f"--ray.{name}={value}" for name, value in options.items() if value is not None]
    return [*words, "--engine", "ray", *told]


def _hidden(path: Path, salt: str) -> str:
    secret = f"{salt}:path:{path.absolute()}".encode("utf-8", "surrogateescape")
    return f"path-{hashlib.sha256(secret).hexdigest()[:12]}"
