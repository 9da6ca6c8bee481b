"""The folder of one joined exam: volume, series, picture and record, and what a review needs."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from highdicom import Volume

from callosal.models.errors import CallosalError
from callosal.pipelines.dicom.facts import describe_stack
from callosal.pipelines.hospital.case_objects import quiet
from callosal.pipelines.hospital.derived_series import write_derived_series
from callosal.pipelines.hospital.source_series import read_source
from callosal.pipelines.outputs.case_files import CaseFiles
from callosal.pipelines.outputs.case_folder import RunFingerprint, write_case
from callosal.pipelines.outputs.file_names import (
    HEAD,
    MIDSAGITTAL,
    STITCHED,
    STITCHED_PICTURE,
    STITCHED_RECORD,
    STITCHED_SERIES,
)
from callosal.pipelines.outputs.results import plan_row
from callosal.pipelines.pictures.label_image import slice_nifti_bytes
from callosal.pipelines.pictures.picture_file import png_bytes
from callosal.pipelines.pictures.review_views import quantised
from callosal.pipelines.planning.findings import Findings, Provenance, Status, Verdict
from callosal.pipelines.planning.plan_document import plan_document
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.planning.reslice import nifti_bytes
from callosal.pipelines.settings import Settings
from callosal.pipelines.stitching.exams import Exam
from callosal.pipelines.stitching.middle_slice import middle_slice
from callosal.pipelines.stitching.picture import draw_stitched
from callosal.pipelines.stitching.record import stitch_record
from callosal.pipelines.stitching.settings import StitchSettings
from callosal.pipelines.stitching.stitch import Stitched
from callosal.pipelines.stitching.whole_levels import whole_levels

KIND = "stitched"
"""`source.kind` of the plan of a joined exam."""

SET_BY_HAND_ONLY = "set_by_hand_only"
"""Reason of a joined exam on which no person has set a region."""

_COARSE = 8


@dataclass(frozen=True)
class WrittenExam:
    """A joined exam on disk.

    Attributes:
        record: Content of stitched.json.
        row: Its row in the tables.
    """

    record: Mapping[str, Any]
    row: Mapping[str, Any]


def write_exam(
    folder: Path, exam: Exam, stitched: Stitched, settings: StitchSettings, seconds: float
) -> WrittenExam:
    """Write everything of a joined exam; `done.json` goes last.

    Args:
        folder: Folder of the case.
        exam: What was joined.
        stitched: The result.
        settings: How it was joined.
        seconds: How long it took.

    Raises:
        OutputError: The disk is full or read-only.
    """
    sources = {index: describe_stack(stack) for index, stack in enumerate(exam.stacks)}
    record = stitch_record(stitched, sources, settings)
    folder.mkdir(parents=True, exist_ok=True)
    volume = whole_levels(stitched.volume)
    notes = _write_series(folder / STITCHED_SERIES, exam, stitched, volume)
    record["notes"] = notes
    place = middle_slice(stitched)
    document = _plan(record, stitched, notes)
    files = {
        STITCHED: nifti_bytes(volume),
        STITCHED_PICTURE: png_bytes(draw_stitched(stitched)),
        STITCHED_RECORD: (json.dumps(record, indent=1) + "\n").encode(),
        MIDSAGITTAL: slice_nifti_bytes(quantised(place.pixels), place),
        HEAD: nifti_bytes(_coarse(stitched)),
    }
    row = plan_row(folder.name, Plan.from_document(document), seconds)
    digest = hashlib.sha256(exam.fingerprint.encode()).hexdigest()
    of_run = RunFingerprint("", config_sha256(settings), version("callosal"))
    write_case(folder, CaseFiles(document, files), row, of_run.of_case(digest))
    return WrittenExam(record, row)


def config_sha256(settings: StitchSettings) -> str:
    """Hash of all settings of a result, those of its plan among them."""
    content = json.dumps([asdict(settings), Settings().config_sha256], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _write_series(folder: Path, exam: Exam, stitched: Stitched, volume: Volume) -> list[str]:
    """The derived series; returns why there is none, in words."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with quiet():
            used = [read_source(exam.stacks[one.index]) for one in stitched.stations]
            write_derived_series(
                volume, used, folder, kind="stitch", number=5,
                description=f"{len(used)} stations joined by callosal",
            )  # fmt: skip
    except CallosalError as error:
        return [f"no DICOM series: {error}"]
    return []


def _plan(record: Mapping[str, Any], stitched: Stitched, notes: list[str]) -> dict[str, Any]:
    """A plan without a pose: a person sets the region on the picture."""
    source = {
        "kind": KIND,
        "modality": "MR",
        "n_slices": stitched.volume.spatial_shape[0],
        "spacing_mm": [round(float(step), 4) for step in stitched.volume.spacing],
        "stations": len(stitched.stations),
        "notes": [*record["messages"], *notes],
    }
    return plan_document(
        Verdict(Status.JOINED, record["confidence"], (SET_BY_HAND_ONLY, *stitched.reasons)),
        Findings(midsagittal=middle_slice(stitched)),
        Provenance(
            source, software={"callosal": version("callosal")},
            config_sha256=Settings().config_sha256,
        ),
    )  # fmt: skip


def _coarse(stitched: Stitched) -> Volume:
    """Where there is anything, as a coarse mask: what a review keeps of the patient's reach."""
    mask = stitched.covered[:, ::_COARSE, ::_COARSE].astype(np.uint8)
    affine = stitched.volume.affine @ np.diag([1.0, _COARSE, _COARSE, 1.0])
    return Volume(mask, affine, "PATIENT")
