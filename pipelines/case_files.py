"""What a case comes to, ready to be written: its plan document and its other files."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from callosal.pipelines.planning.label_image import slice_nifti_bytes
from callosal.pipelines.planning.reslice import nifti_bytes
from callosal.pipelines.planning.review_views import view_files
from callosal.pipelines.process import Outcome
from callosal.pipelines.report.thumbnail import THUMBNAIL, thumbnail_bytes


@dataclass(frozen=True)
class CaseFiles:
    """All outputs of a case; it travels between processes.

    Attributes:
        document: Content of plan.json.
        files: Content of the other files by name; none of a case that could not be read.
    """

    document: dict[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)


def picture_files(outcome: Outcome) -> dict[str, bytes]:
    """The masks and pictures of an outcome as files, content by name."""
    files: dict[str, bytes] = {}
    if outcome.overlay is not None:
        files["overlay.png"] = _png(outcome.overlay)
        files[THUMBNAIL] = thumbnail_bytes(outcome.overlay)
    if outcome.callosum is not None:
        place = outcome.callosum.slice_image
        files["mask.nii.gz"] = slice_nifti_bytes(outcome.callosum.mask, place)
        if outcome.parcels is not None:
            files["parcels.nii.gz"] = slice_nifti_bytes(outcome.parcels.labels, place)
            files["parcels.png"] = _png(outcome.parcels.picture)
    if outcome.aligned is not None:
        files["aligned.nii.gz"] = nifti_bytes(outcome.aligned)
    if outcome.views is not None:
        files.update(view_files(outcome.views))
    return files


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    # A sixth larger than at the usual level 6, in a third of the time.
    picture.save(stream, format="PNG", compress_level=2)
    return stream.getvalue()
