"""The folder of one case: its outputs, and `done.json` that is written last."""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from callosal.pipelines.batch.atomic import write_bytes, write_text
from callosal.pipelines.outline.contour import LEVEL
from callosal.pipelines.planning.label_image import slice_nifti_bytes
from callosal.pipelines.planning.reslice import nifti_bytes
from callosal.pipelines.planning.review_views import FILES, view_files
from callosal.pipelines.process import Outcome

DONE = "done.json"
OUTPUTS = frozenset({
    "plan.json", "overlay.png", "mask.nii.gz", "aligned.nii.gz", "parcels.nii.gz", "parcels.png",
    *FILES,
})  # fmt: skip


@dataclass(frozen=True)
class Fingerprint:
    """What a result depends on; while it is the same, finished work is not done again.

    Attributes:
        input: Hash of the case's input.
        model_sha256: Hash of the ONNX file.
        config_sha256: Hash of the settings.
        software: Version of callosal.
    """

    input: str
    model_sha256: str
    config_sha256: str
    software: str


def finished_row(folder: Path, fingerprint: Fingerprint) -> dict[str, Any] | None:
    """The table row of a case that is done with this very input, model and settings."""
    try:
        done = json.loads((folder / DONE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(done, dict) or done.get("fingerprint") != asdict(fingerprint):
        return None
    row = done.get("row")
    return row if isinstance(row, dict) else None


def write_case(
    folder: Path, outcome: Outcome, row: Mapping[str, Any], fingerprint: Fingerprint
) -> None:
    """Write all outputs of a case; `done.json` goes last, so that a cut leaves none.

    Raises:
        OSError: The disk is full or read-only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DONE).unlink(missing_ok=True)
    outputs = _outputs(outcome)
    for stale in OUTPUTS - set(outputs):
        (folder / stale).unlink(missing_ok=True)
    for name, content in outputs.items():
        write_bytes(folder / name, content)
    done = {"fingerprint": asdict(fingerprint), "row": dict(row), "files": sorted(outputs)}
    write_text(folder / DONE, json.dumps(done, indent=1))


def _outputs(outcome: Outcome) -> dict[str, bytes]:
    """Content of each file by name."""
    outputs = {"plan.json": (json.dumps(outcome.document, indent=1) + "\n").encode("utf-8")}
    if outcome.overlay is not None:
        outputs["overlay.png"] = _png(outcome.overlay)
    if outcome.callosum is not None:
        place = outcome.callosum.slice_image
        mask = (outcome.callosum.component >= LEVEL).astype(np.uint8)
        outputs["mask.nii.gz"] = slice_nifti_bytes(mask, place)
        if outcome.parcels is not None:
            outputs["parcels.nii.gz"] = slice_nifti_bytes(outcome.parcels.labels, place)
            outputs["parcels.png"] = _png(outcome.parcels.picture)
    if outcome.aligned is not None:
        outputs["aligned.nii.gz"] = nifti_bytes(outcome.aligned)
    if outcome.views is not None:
        outputs.update(view_files(outcome.views))
    return outputs


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, format="PNG")
    return stream.getvalue()
