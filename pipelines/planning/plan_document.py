"""plan.json: one case's result as a JSON document of the schema `callosal/plan/2`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from callosal.pipelines.callosum.finding import Finding
from callosal.pipelines.geometry.plane_angles import wrap_axis_deg
from callosal.pipelines.geometry.reference_line import ReferenceLine
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.morphometry.measures import Morphometry
from callosal.pipelines.planning.findings import (
    ASSUMED_CONFIDENCE,
    ASSUMED_REASON,
    BARS,
    Findings,
    Provenance,
    Status,
    Verdict,
    assumed_angles,
)
from callosal.pipelines.planning.plan import ScanPlan, SliceStack
from callosal.pipelines.planning.plan_validation import validate_plan

SCHEMA = "callosal/plan/2"


def plan_document(verdict: Verdict, findings: Findings, provenance: Provenance) -> dict[str, Any]:
    """Assembles and checks the content of plan.json.

    Lengths and angles are rounded to 1e-4, directions to 1e-7, so that they stay unit vectors.

    Returns:
        A document of plain JSON types that keeps the schema.

    Raises:
        InputError: The parts do not make a valid document (`invalid_plan`), such as an `ok` plan
            without planes, or a number that is not finite.
    """
    slice_image, final = findings.midsagittal, findings.final
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "status": str(verdict.status),
        "confidence": None if verdict.confidence is None else _rounded(verdict.confidence),
        "reasons": list(verdict.reasons),
        "source": dict(provenance.source),
        "midsagittal": None if slice_image is None else _slice(slice_image),
        "box": None if findings.box is None else _box(findings.box),
        "line": None if findings.line is None else _line(findings.line),
        "final": None if final is None or slice_image is None else _final(final, slice_image),
        "planes": None
        if findings.plan is None
        else stack_entries(findings.plan, findings.dof_estimated),
        "dof_estimated": findings.dof_estimated,
        "uncertainty": _uncertainty(findings.uncertainty),
        "finding": finding_entry(findings.finding),
        "morphometry": _morphometry(findings.morphometry),
        "model": None if provenance.model is None else dict(provenance.model),
        "software": None if provenance.software is None else dict(provenance.software),
        "config_sha256": provenance.config_sha256,
        "timings_ms": _numbers(provenance.timings_ms),
    }
    validate_plan(document)
    return document


_OF_STACKS = frozenset({"follow_up", "protocol"})
"""Entries that tell how the stacks were set, no longer true of others."""


def with_pose(
    document: Mapping[str, Any], slice_image: SliceImage, final: RotatedBox, plan: ScanPlan
) -> dict[str, Any]:
    """A plan document with another final pose and the stacks that follow from it.

    Args:
        document: Content of a plan.json.
        slice_image: Slice on which the pose lies.
        final: The other final region.
        plan: Its stacks.
    """
    dof, reasons = document["dof_estimated"], document["reasons"]
    is_assumed = bool(assumed_angles(dof)) and ASSUMED_REASON not in reasons
    return {
        **{key: value for key, value in document.items() if key not in _OF_STACKS},
        "reasons": [*([ASSUMED_REASON] if is_assumed else []), *reasons],
        "midsagittal": document["midsagittal"] or _slice(slice_image),
        "final": _final(final, slice_image),
        "planes": stack_entries(plan, dof),
        "uncertainty": _without_bars(document["uncertainty"]),
    }


def with_outline(
    document: Mapping[str, Any],
    box: RotatedBox,
    line: ReferenceLine,
    morphometry: Morphometry,
    finding: Finding,
) -> dict[str, Any]:
    """A plan document with what another outline of the callosum gives.

    Args:
        document: Content of a plan.json.
        box: Box around the other outline.
        line: Its reference line.
        morphometry: Its measures.
        finding: Whether it is that of a whole callosum.
    """
    return {
        **document,
        "box": _box(box),
        "line": _line(line),
        "morphometry": _morphometry(morphometry),
        "finding": finding_entry(finding),
    }


def _without_bars(uncertainty: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The uncertainty once a person has set the pose: the bars were those of the automatic one."""
    if uncertainty is None or "reasons" not in uncertainty:
        return None if uncertainty is None else dict(uncertainty)
    reasons = dict.fromkeys(BARS, "corrected_by_hand")
    return {**uncertainty, **dict.fromkeys(BARS), "reasons": reasons}


OTHER_HEAD_CONFIDENCE = 0.45
"""Highest confidence where the head does not look like that of the first visit: never `ok`, as it
may be another person's."""

_OTHER_HEAD = frozenset({"not_alike", "too_far_apart"})


def with_follow_up(
    document: Mapping[str, Any], plan: ScanPlan, entry: Mapping[str, Any]
) -> dict[str, Any]:
    """A plan document with the stacks of a first visit.

    Args:
        document: Content of a plan.json with stacks of its own.
        plan: The stacks that are carried over.
        entry: How they were, for `follow_up`.

    Raises:
        InputError: The result does not keep the schema (`invalid_plan`).
    """
    planes = stack_entries(plan, document["dof_estimated"])
    repeated = {**document, "planes": planes, "follow_up": dict(entry)}
    is_other_patient = entry["patient"] == "differs"
    found = {"first_visit_differs": entry["reason"] in _OTHER_HEAD,
             "other_patient_id": is_other_patient}  # fmt: skip
    told = [code for code, is_so in found.items() if is_so]
    repeated["reasons"] = [*told, *document["reasons"]]
    # A head that is alike outweighs an id: a patient may have been given a new one.
    if entry["reason"] in _OTHER_HEAD or (is_other_patient and not entry["refined"]):
        repeated |= {
            "status": Status.LOW_CONFIDENCE.value,
            "confidence": min(document["confidence"], OTHER_HEAD_CONFIDENCE),
        }
    validate_plan(repeated)
    return repeated


PROTOCOL_REASONS = {"pitch": "line_assumed", "center": "center_assumed"}
"""Reason by what a protocol assumes; a plan with one of them is never `ok`."""


def with_protocol(
    document: Mapping[str, Any], plan: ScanPlan, entry: Mapping[str, Any]
) -> dict[str, Any]:
    """A plan document with the stacks of a protocol.

    Args:
        document: Content of a plan.json with the stacks of the callosum.
        plan: The stacks of the protocol.
        entry: How its line and centre are known, for `protocol`.

    Raises:
        InputError: The result does not keep the schema (`invalid_plan`).
    """
    parts = {"pitch": entry["line"], "center": entry["center"]}
    assumed = tuple(name for name, part in parts.items() if not part["measured"])
    planes = stack_entries(plan, document["dof_estimated"], assumed)
    planned = {**document, "planes": planes, "protocol": dict(entry)}
    if assumed:
        before = [reason for reason in document["reasons"] if reason == ASSUMED_REASON]
        after = [reason for reason in document["reasons"] if reason != ASSUMED_REASON]
        planned |= {
            "status": Status.LOW_CONFIDENCE.value,
            "confidence": min(document["confidence"], ASSUMED_CONFIDENCE),
            "reasons": [*before, *(PROTOCOL_REASONS[name] for name in assumed), *after],
        }
    validate_plan(planned)
    return planned


def with_files(
    document: Mapping[str, Any], notes: Sequence[str], files_ms: float
) -> dict[str, Any]:
    """A plan document with what is known once the other files of the case are made.

    Args:
        document: Content of a plan.json.
        notes: Why one of them could not be made.
        files_ms: How long they took.
    """
    source = document["source"]
    return {
        **document,
        "source": {**source, "notes": [*source.get("notes", []), *notes]},
        "timings_ms": {**document["timings_ms"], "files": _rounded(files_ms)},
    }


def _slice(slice_image: SliceImage) -> dict[str, Any]:
    return {
        "origin_lps_mm": _rounded(slice_image.origin_lps_mm),
        "row_dir": _rounded(slice_image.row_dir, 7),
        "col_dir": _rounded(slice_image.col_dir, 7),
        "normal": _rounded(slice_image.normal, 7),
        "spacing_mm": _rounded(slice_image.spacing_mm, 7),
        "shape": [int(side) for side in slice_image.pixels.shape],
    }


def _box(box: RotatedBox) -> dict[str, Any]:
    return {
        "center_mm": _rounded(box.center_mm),
        "size_mm": _rounded(box.size_mm),
        "angle_deg": _axis_angle(box.angle_deg),
    }


def _line(line: ReferenceLine) -> dict[str, Any]:
    return {
        "kind": str(line.kind),
        "start_mm": _rounded(line.start_mm),
        "end_mm": _rounded(line.end_mm),
        "center_mm": _rounded(line.center_mm),
        "angle_deg": _axis_angle(line.angle_deg),
    }


def _final(final: RotatedBox, slice_image: SliceImage) -> dict[str, Any]:
    return {
        "center_mm": _rounded(final.center_mm),
        "angle_deg": _axis_angle(final.angle_deg),
        "center_lps_mm": _rounded(slice_image.mm_to_lps(final.center_mm)),
    }


def stack_entries(
    plan: ScanPlan, dof_estimated: int | None, also_assumed: Sequence[str] = ()
) -> dict[str, Any]:
    """The entry `planes` of a plan document.

    Args:
        plan: The stacks.
        dof_estimated: Number of angles that were measured; the stacks name the others.
        also_assumed: What else was not measured.
    """
    stacks = {
        "transverse": plan.transverse, "coronal": plan.coronal, "sagittal": plan.sagittal,
    }  # fmt: skip
    assumed = [*assumed_angles(dof_estimated), *also_assumed]
    return {name: {**_stack(stack), "assumed": assumed} for name, stack in stacks.items()}


def _stack(stack: SliceStack) -> dict[str, Any]:
    return {
        "image_orientation_patient": _rounded(stack.image_orientation_patient, 7),
        "center_lps_mm": _rounded(stack.center_lps_mm),
        "fov_mm": _rounded(stack.fov_mm),
        "thickness_mm": _rounded(stack.thickness_mm),
        "gap_mm": _rounded(stack.gap_mm),
        "n_slices": stack.n_slices,
        "prescription": stack.prescription,
    }


def finding_entry(finding: Finding) -> dict[str, Any]:
    """The entry `finding` of a plan document."""
    probability = finding.probability
    return {
        "kind": str(finding.kind),
        "probability": None if probability is None else _rounded(probability),
        "missing": list(finding.missing),
    }


def _numbers(values: Mapping[str, float | None] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: None if v is None else _rounded(v) for name, v in values.items()}


def _uncertainty(uncertainty: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if uncertainty is None:
        return None
    numbers = {name: value for name, value in uncertainty.items() if name != "reasons"}
    return {**(_numbers(numbers) or {}), "reasons": dict(uncertainty.get("reasons", {}))}


def _morphometry(morphometry: Morphometry | None) -> dict[str, Any] | None:
    if morphometry is None:
        return None
    profile = morphometry.thickness_profile_mm
    return {
        **{name: None if v is None else _rounded(v) for name, v in morphometry.values.items()},
        "thickness_profile_mm": None if profile is None else _rounded(profile),
        "reasons": dict(morphometry.reasons),
    }


def _axis_angle(angle_deg: float) -> Any:
    # Rounding can reach -90, which the range leaves out.
    return _rounded(wrap_axis_deg(round(angle_deg, 4)))


def _rounded(value: ArrayLike, decimals: int = 4) -> Any:
    """Plain floats; 0.0 is added because -0.0 looks like a fault to a reader."""
    return (np.round(np.asarray(value, dtype=float), decimals) + 0.0).tolist()
