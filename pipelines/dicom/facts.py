"""What may be told of a stack: facts without identity, and fingerprints of its files."""

import hashlib

from callosal.pipelines.dicom.stacks import Stack
from callosal.pipelines.dicom.views import describe_orientation

Fact = str | int | float | bool | None | list[int] | list[float] | list[str]


def describe_stack(stack: Stack) -> dict[str, Fact]:
    """Facts of a stack for plan.json and list-series: no UID, no free text, no date.

    Returns:
        JSON-ready facts. `matrix` is rows and columns; `spacing_mm` is the distance between
        slices, rows and columns; `filled_slices` are indices along the slices that were missing.
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
        "filled_slices": list(stack.missing),
        "notes": list(stack.notes),
    }


def fingerprint_stack(stack: Stack) -> str:
    """SHA-256 over the images of a stack: their UIDs, frames, sizes and times of change."""
    lines = sorted(
        f"{plane.header.sop_instance_uid} {plane.frame.index} "
        f"{plane.header.file.size_bytes} {plane.header.file.mtime_ns}"
        for plane in stack.planes
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
