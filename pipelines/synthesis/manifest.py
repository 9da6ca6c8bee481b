"""What is written beside the samples: participants.tsv, manifest.json, grid.png."""

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from callosal.pipelines.datasets.pair_files import read_pair_pixels
from callosal.pipelines.outputs.atomic import write_text
from callosal.pipelines.synthesis.grid_picture import MAX_TILES, write_grid
from callosal.pipelines.synthesis.joint_image import WRITTEN_SPACING_MM
from callosal.pipelines.synthesis.record import Candidate

SCHEMA = "callosal/synthetic/1"
SITE = "synthetic"
VALIDATION_EVERY = 8


def write_summary(
    output: Path, run: Mapping[str, Any], candidates: Sequence[Candidate], asked: int
) -> None:
    """Write table, manifest and picture of all samples so far.

    Args:
        output: Folder of the samples.
        run: All that decides the samples, for the manifest.
        candidates: Every sample that was tried.
        asked: Number of samples that were asked for.
    """
    kept = [candidate for candidate in candidates if candidate.name is not None]
    write_text(output / "participants.tsv", participants(kept))
    manifest = {
        "schema": SCHEMA,
        "synthetic": True,
        **run,
        "counts": counts(candidates, asked),
        "samples": [_sample(candidate) for candidate in candidates],
    }
    write_text(output / "manifest.json", json.dumps(manifest, indent=1) + "\n")
    names = [candidate.name for candidate in kept[:MAX_TILES] if candidate.name]
    if names:
        pairs = [(name, *read_pair_pixels(output / name, name)) for name in names]
        write_grid(output / "grid.png", pairs)


def participants(kept: Sequence[Candidate]) -> str:
    """Content of participants.tsv: the written samples, every eighth in the split `val`."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
    writer.writerow(("participant_id", "site", "split", "mask_voxels", "cc_area_mm2", "components"))
    for rank, candidate in enumerate(kept):
        # From the second on, so that two samples are enough for `fit`.
        split = "val" if rank % VALIDATION_EVERY == 1 else "train"
        voxels = candidate.mask_voxels or 0
        area_mm2 = voxels * WRITTEN_SPACING_MM**2
        writer.writerow(
            (candidate.name, SITE, split, voxels, area_mm2, candidate.findings["components"])
        )
    return stream.getvalue()


def counts(candidates: Sequence[Candidate], asked: int) -> dict[str, Any]:
    """How many were asked for, tried and written, and why the others were turned down."""
    written = sum(candidate.name is not None for candidate in candidates)
    reasons = Counter(reason for c in candidates for reason in c.findings["reasons"])
    flawless = sum(not candidate.findings["reasons"] for candidate in candidates)
    return {
        "asked": asked,
        "tried": len(candidates),
        "written": written,
        "yield": round(flawless / len(candidates), 4) if candidates else None,
        "reasons": dict(sorted(reasons.items())),
    }


def _sample(candidate: Candidate) -> dict[str, Any]:
    return {
        "number": candidate.number,
        "participant_id": candidate.name,
        "sha256": candidate.sha256,
        "asked": dict(candidate.asked),
        "given_mask": candidate.given,
        **candidate.findings,
    }
