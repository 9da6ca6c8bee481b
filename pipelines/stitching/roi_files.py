"""The files of a region that a person set on joined stations: roi.nii.gz, roi/ and a picture."""

import shutil
from pathlib import Path

import numpy as np
from highdicom import Volume

from callosal.models.errors import CallosalError, InputError
from callosal.pipelines.dicom.headers import Header, scan
from callosal.pipelines.dicom.pixels import read_volume
from callosal.pipelines.dicom.stacks import Stack, find_stacks
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.hospital.case_objects import quiet
from callosal.pipelines.hospital.derived_series import write_derived_series
from callosal.pipelines.hospital.source_series import read_source
from callosal.pipelines.outputs.atomic import remove, write_bytes
from callosal.pipelines.outputs.file_names import (
    REVIEWED_OVERLAY,
    STITCHED,
    STITCHED_ROI,
    STITCHED_ROI_SERIES,
    STITCHED_SERIES,
)
from callosal.pipelines.pictures.picture_file import png_bytes
from callosal.pipelines.planning.reslice import nifti_bytes
from callosal.pipelines.reading.nifti import read_nifti
from callosal.pipelines.stitching.exams import any_view
from callosal.pipelines.stitching.picture import draw_region
from callosal.pipelines.stitching.roi_volume import roi_volume
from callosal.pipelines.stitching.whole_levels import whole_levels


def write_roi(folder: Path, place: SliceImage, roi: RotatedBox | None) -> list[str]:
    """Write the joined volume inside a region and its picture, or remove what a review left.

    Args:
        folder: Folder of the case.
        place: The picture that the region was drawn on.
        roi: The region; None where there is none.

    Returns:
        Why there is no DICOM series, in words; empty where it was made or none is due.

    Raises:
        InputError: The joined volume cannot be read.
        OutputError: The disk is full or read-only.
    """
    remove(folder / STITCHED_ROI)
    remove(folder / REVIEWED_OVERLAY)
    shutil.rmtree(folder / STITCHED_ROI_SERIES, ignore_errors=True)
    if roi is None:
        return []
    write_bytes(folder / REVIEWED_OVERLAY, png_bytes(draw_region(place, roi)))
    stack = _joined_series(folder / STITCHED_SERIES)
    volume = _joined_volume(folder) if stack is None else read_volume(stack)
    inside = whole_levels(roi_volume(volume, place, roi))
    write_bytes(folder / STITCHED_ROI, nifti_bytes(inside))
    if stack is None:
        return ["No DICOM series of the region: the joined stations have none"]
    try:
        with quiet():
            write_derived_series(
                inside, [read_source(stack)], folder / STITCHED_ROI_SERIES, kind="stitch roi",
                description=f"region at {roi.angle_deg:.1f} deg of joined stations", number=6,
                content=f"{roi}",
            )  # fmt: skip
    except CallosalError as error:
        return [f"No DICOM series of the region: {error}"]
    return []


def _joined_series(folder: Path) -> Stack | None:
    if not folder.is_dir():
        return None
    headers = [header for header in scan(folder) if isinstance(header, Header)]
    kept = [stack for stack in find_stacks(headers, check_view=any_view) if stack.is_kept]
    return kept[0] if len(kept) == 1 else None


def _joined_volume(folder: Path) -> Volume:
    """The volume of the NIfTI file, axes (slice, row, column)."""
    if not (folder / STITCHED).is_file():
        raise InputError(f"{folder.name}: {STITCHED} is missing; run stitch again", "no_volume")
    volume = read_nifti(folder / STITCHED).permute_spatial_axes((2, 1, 0))
    return volume.with_array(np.asarray(volume.array))
