"""A file dropped onto the page: read here, segmented in the browser, its pose found here.

Nothing is kept: the file is in a private temporary folder while it is read.
"""

import tempfile
from pathlib import Path
from typing import Any

from callosal.export.runtime import MIN_SIDE
from callosal.models.errors import InputError
from callosal.pipelines.callosum.segmentation import outline_callosum
from callosal.pipelines.geometry.fusion import fuse
from callosal.pipelines.geometry.reference_line import find_reference_line
from callosal.pipelines.midplane.localizer_volumes import sagittal_or_whole
from callosal.pipelines.midplane.sagittal_views import views
from callosal.pipelines.planning.head_extent import HeadExtent
from callosal.pipelines.planning.plan import make_plan
from callosal.pipelines.planning.plan_document import stack_entries
from callosal.pipelines.reading.cases import Case, find_cases
from callosal.pipelines.review.picture_message import (
    decode_picture,
    encode_picture,
    picture_facts,
)
from callosal.pipelines.review.review_document import roi_entry
from callosal.pipelines.review.run_settings import RunSettings

_GZIP = b"\x1f\x8b"
_NIFTI_MARKS = (b"n+1\x00", b"n+2\x00")


def dropped_slice(content: bytes, spacing_mm: float) -> bytes:
    """The midsagittal slice of a dropped file, as a picture message.

    Args:
        content: A DICOM or NIfTI file of a slice, a localizer or a volume.
        spacing_mm: Pixel size that the network wants.

    Raises:
        InputError: Nothing in it can be planned on; the message says why.
    """
    with tempfile.TemporaryDirectory(prefix="callosal-") as folder:
        path = Path(folder) / f"dropped{_suffix(content)}"
        path.write_bytes(content)
        case = _only_case(path)
        seen = views(sagittal_or_whole(case.load()), spacing_mm)
    place = seen.slices[len(seen.slices) // 2]
    if min(place.pixels.shape) < MIN_SIDE:
        raise InputError(
            f"dropped file: a slice of {place.pixels.shape} pixels of {spacing_mm:g} mm; the "
            f"network takes {MIN_SIDE} and more",
            "too_small",
        )
    facts = {"n_slices": len(seen.slices), "is_volume": seen.plane is not None}
    return encode_picture(place, facts)


def dropped_pose(message: bytes, settings: RunSettings) -> dict[str, Any]:
    """Outline, pose and stacks of the map that the network in the page made.

    Only one slice is known, so the stacks have the extent of an adult's head.

    Args:
        message: Picture message whose pixels are probabilities, with the facts of
            `dropped_slice`: tilt and turn of a slice that was not cut from a volume are assumed.
        settings: How to plan.

    Raises:
        InputError: The message is broken.
        GeometryError: The outline is degenerate.
    """
    place = decode_picture(message)
    callosum = outline_callosum(place.pixels, place)
    if callosum is None:
        return {"found": False}
    line = find_reference_line(settings.line, callosum.contour_mm, callosum.box)
    roi = fuse(callosum.box, line, settings.fusion).roi
    plan = make_plan(place, roi, HeadExtent(), settings.plan)
    return {
        "found": True,
        "outline_mm": callosum.contour_mm.round(3).tolist(),
        "roi": roi_entry(roi),
        "planes": stack_entries(plan, 3 if picture_facts(message).get("is_volume") is True else 1),
    }


def _suffix(content: bytes) -> str:
    if content.startswith(_GZIP):
        return ".nii.gz"
    return ".nii" if content[344:348] in _NIFTI_MARKS else ".dcm"


def _only_case(path: Path) -> Case:
    found = find_cases([path])
    if found.cases:
        return found.cases[0]
    skip = found.skipped[0]
    raise InputError(f"dropped file: {skip.message}", skip.code)
