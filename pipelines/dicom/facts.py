"""Facts of a stack that do not identify the patient, and fingerprints of its files."""

import hashlib
from typing import Any

from callosal.pipelines.dicom.contrast import weighting
from callosal.pipelines.dicom.localizers import Localizer, orientation_of
from callosal.pipelines.dicom.stacks import Stack
from callosal.pipelines.dicom.views import describe_orientation

Fact = str | int | float | bool | None | list[int] | list[float] | list[str] | list[dict[str, Any]]


def describe_stack(stack: Stack) -> dict[str, Fact]:
    """Facts of a stack for plan.json and list-series: no UID, no free text, no date.

    Returns:
        JSON-ready facts. `matrix` is rows and columns; `spacing_mm` is the distance between
        slices, rows and columns; `contrast` follows from the times, None where they do not say
        it; `filled_slices` are indices along the slices that were missing.
    """
    header, frame = stack.header, stack.frame
    spacing_mm = stack.geometry.spacing
    return {
        "kind": "dicom",
        "modality": "MR",
        "series_number": header.series_number,
        "multi_frame": header.layout.n_frames > 1,
        "n_files": stack.n_files,
        "n_slices": len(stack.planes),
        "matrix": [header.layout.rows, header.layout.columns],
        "spacing_mm": [round(value, 4) for value in spacing_mm],
        "orientation": describe_orientation(stack.geometry),
        "patient_position": header.patient_position or None,
        "field_strength_t": header.field_strength_t,
        "echo_number": frame.echo_number,
        "echo_time_ms": frame.echo_time_ms,
        "repetition_time_ms": frame.repetition_time_ms,
        "inversion_time_ms": frame.inversion_time_ms,
        "contrast": weighting(
            frame.repetition_time_ms, frame.echo_time_ms, frame.inversion_time_ms
        ),
        "filled_slices": list(stack.missing),
        "notes": list(stack.notes),
    }


def describe_localizer(localizer: Localizer) -> dict[str, Fact]:
    """Facts of a localizer: those of its sagittal stack, and each stack in `stacks`."""
    facts = describe_stack(localizer.sagittal)
    notes = [note for stack in localizer.stacks for note in stack.notes]
    return {
        **facts,
        "kind": "localizer",
        "n_files": localizer.n_files,
        "n_slices": sum(len(stack.planes) for stack in localizer.stacks),
        "stacks": [
            {
                "orientation": orientation_of(stack),
                "series_number": stack.header.series_number,
                "n_slices": len(stack.planes),
                "slice_distance_mm": round(stack.slice_spacing_mm, 4),
                "thickness_mm": stack.frame.thickness_mm,
            }
            for stack in localizer.stacks
        ],
        "notes": [f"localizer of {localizer.summary}: {localizer.reason}", *notes],
    }


def fingerprint_stack(stack: Stack) -> str:
    """SHA-256 over the images of a stack: their UIDs, frames, sizes and times of change."""
    lines = sorted(
        f"{plane.header.sop_instance_uid} {plane.frame.index} "
        f"{plane.header.file.size_bytes} {plane.header.file.mtime_ns}"
        for plane in stack.planes
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
