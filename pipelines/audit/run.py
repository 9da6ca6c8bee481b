"""An audit: plan on every series of the exams, then hold every acquired stack against the plan."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from callosal.models.errors import OutputError
from callosal.pipelines.audit.comparison import Comparison, acquired_stack, compare
from callosal.pipelines.audit.exams import Exam, ExamStack, find_exams
from callosal.pipelines.audit.picture import Panel, draw_exam
from callosal.pipelines.audit.reference import reference_of
from callosal.pipelines.audit.series_facts import SeriesFacts, read_series_facts
from callosal.pipelines.batch.case_work import fault_of
from callosal.pipelines.batch.request import Request
from callosal.pipelines.batch.run import run_batch
from callosal.pipelines.dicom.tree import printable
from callosal.pipelines.outputs.atomic import make_folder, remove, write_bytes
from callosal.pipelines.outputs.audit_table import COLUMNS, read_audit_rows, write_audit_tables
from callosal.pipelines.outputs.case_id import case_id, output_salt
from callosal.pipelines.outputs.exit_code import exit_code
from callosal.pipelines.outputs.file_names import EXAMS
from callosal.pipelines.outputs.run_lock import run_lock
from callosal.pipelines.pictures.picture_file import png_bytes
from callosal.pipelines.planning.plan_frame import motion
from callosal.pipelines.report.page import write_report
from callosal.pipelines.review.sure_plans import PlannedCase, best_plan, sure_plans

Names = Literal["hash", "series"]
Row = dict[str, Any]


def run_audit(request: Request, names: Names) -> int:
    """Plan on all exams among the inputs and compare their stacks; see `callosal audit`.

    Args:
        request: What to plan on and how; finished cases are kept.
        names: Whether protocol, station and month are shown as the headers have them.

    Returns:
        Exit code: 0 every exam has a plan to hold its stacks against and nothing was refused, 1
        no exam has, 2 some have.

    Raises:
        CallosalError: Nothing can be run at all.
    """
    run_batch(request)
    console = Console(stderr=True)
    index = find_exams(request.inputs)
    exams = index.exams
    rows: list[Row] = []
    with run_lock(request.output):
        salt = output_salt(request.output)
        for exam in exams:
            rows += _audit(exam, request.output, salt, names)
        here = {row["exam_id"] for row in rows}
        before = [row for row in read_audit_rows(request.output) if row["exam_id"] not in here]
        write_audit_tables(request.output, [*before, *rows])
        write_report(request.output)
    n_done = len({row["exam_id"] for row in rows if row["status"] == "compared"})
    n_stacks = sum(row["status"] == "compared" for row in rows)
    console.print(
        f"{n_stacks} stacks of {n_done} of {len(exams)} exams compared; see audit.csv in the "
        "output folder",
        markup=False,
        soft_wrap=True,
    )
    n_refused = sum(row["status"] == "refused" for row in rows)
    return exit_code(n_done, len(exams), n_refused + index.n_faults, nothing_usable=not exams)


def exam_id(exam: Exam, salt: str) -> str:
    """Name of an exam: a salted hash.

    Args:
        exam: The exam.
        salt: Salt of the output folder.
    """
    return case_id(exam.uid_key, salt).replace("case-", "exam-")


def _audit(exam: Exam, output: Path, salt: str, names: Names) -> list[Row]:
    """Rows of one exam, and its picture; a fault of one exam stays in its rows."""
    name = exam_id(exam, salt)
    facts = [read_series_facts(one.stack) for one in exam.stacks]
    shown = [
        _shown(exam_stack, fact, facts, salt, names)
        for exam_stack, fact in zip(exam.stacks, facts, strict=True)
    ]
    picture = output / EXAMS / f"{name}.png"
    plans = sure_plans(output, [case_id(case.uid_key, salt) for case in exam.cases])
    best = best_plan(plans)
    try:
        found = [] if best is None else list(_compared(exam, output, best, picture))
    except OutputError:
        raise
    except Exception as error:  # whatever befalls one exam, the others go on
        found, best, code = [], None, fault_of(error).code
    else:
        code = "no_sure_plan"
    if not found:
        remove(picture)
    results: list[Comparison | None] = found or [None] * len(exam.stacks)
    return [
        {
            **dict.fromkeys(COLUMNS),
            **cells,
            "exam_id": name,
            **_verdict(one, result, code),
            **_comparison_cells(result, best),
            **_motion_cells(one, plans, best, salt),
        }
        for one, cells, result in zip(exam.stacks, shown, results, strict=True)
    ]


def _compared(
    exam: Exam, output: Path, best: PlannedCase, picture: Path
) -> Iterator[Comparison | None]:
    """Each stack of an exam against its plan, None for one that cannot be; draws the picture."""
    reference, files = reference_of(output, best)
    panels = []
    for one in exam.stacks:
        if _refusal(one):
            yield None
            continue
        acquired = acquired_stack(one.stack)
        comparison = compare(acquired, reference)
        number = one.stack.header.series_number
        role = "" if one.role == "series" else f", {one.role}"
        panels.append(Panel(f"series {number}{role}", acquired, comparison))
        yield comparison
    if panels:
        make_folder(picture.parent)
        write_bytes(picture, png_bytes(draw_exam(panels, reference, files)))


def _refusal(one: ExamStack) -> str:
    """Why a stack cannot be held against a plan, "" where it can."""
    if not one.stack.header.frame_of_reference_uid:
        return "no_frame_of_reference"
    return "" if one.role == "scout" else one.stack.code


def _verdict(one: ExamStack, result: Comparison | None, code: str) -> Row:
    refusal = _refusal(one)
    if refusal:
        return {"status": "refused", "reason": refusal}
    if result is None:
        return {"status": "no_plan", "reason": code}
    return {"status": "compared", "reason": None}


def _shown(
    one: ExamStack, own: SeriesFacts, facts: Sequence[SeriesFacts], salt: str, names: Names
) -> Row:
    """What a row says of the series itself."""
    stack = one.stack
    return {
        "series_number": stack.header.series_number,
        "role": one.role,
        "n_slices": len(stack.planes),
        "thickness_mm": stack.frame.thickness_mm,
        "slice_distance_mm": round(stack.slice_spacing_mm, 4),
        "prescription": None if _refusal(one) else acquired_stack(stack).prescription,
        "vendor_alignment": _alignment(own, facts),
        "protocol": _named("protocol", own.protocol, salt, names),
        "station": _named("station", own.station, salt, names),
        "month": own.month or None if names == "series" else None,
    }


def _alignment(own: SeriesFacts, facts: Sequence[SeriesFacts]) -> str | None:
    """What the header of the stack, or else of another series of the exam, names."""
    elsewhere = next((fact.alignment for fact in facts if fact.alignment), "")
    return own.alignment or (f"{elsewhere} in the exam" if elsewhere else None)


def _named(kind: str, text: str, salt: str, names: Names) -> str | None:
    """A text of the header as it is, or a salted hash that tells equal ones apart."""
    if not text:
        return None
    if names == "series":
        return printable(text)
    return f"{kind}-{hashlib.sha256(f'{salt}:{kind}:{text}'.encode()).hexdigest()[:8]}"


def _comparison_cells(result: Comparison | None, best: PlannedCase | None) -> Row:
    if result is None or best is None or best.plan.planes is None:
        return {}
    cover = result.coverage
    axes = ("left", "posterior", "superior")
    return {
        "planned": result.planned,
        "angle_deg": _round(result.angle_deg),
        "in_plane_deg": _round(result.in_plane_deg),
        **{f"turn_{k}_deg": _round(v) for k, v in zip(axes, result.turn_deg, strict=True)},
        "offset_across_mm": _round(result.across_mm),
        **{f"offset_{k}_mm": _round(v) for k, v in zip(axes, result.offset_mm, strict=True)},
        **{f"cover_{side}_mm": _round(value, 1) for side, value in cover.beyond_mm.items()},
        "cover_assumed": ";".join(cover.assumed) or None,
        "slices_missing": cover.slices_missing,
        "slices_spare": cover.slices_spare,
        "planned_prescription": best.plan.planes.by_name()[result.planned].prescription,
        "reference": best.name,
    }


def _motion_cells(
    one: ExamStack, plans: Mapping[str, PlannedCase], best: PlannedCase | None, salt: str
) -> Row:
    """How the head lay in this series against the reference, where both show the callosum."""
    if best is None:
        return {"moved_reason": "no_reference"}
    if one.case is None:
        return {"moved_reason": "no_view_of_callosum"}
    name = case_id(one.case.uid_key, salt)
    if name == best.name:
        return {"moved_reason": "is_reference"}
    if name not in plans:
        return {"moved_reason": "no_sure_plan"}
    angle_deg, shift_mm = motion(best.plan, plans[name].plan)
    return {"moved_deg": _round(angle_deg), "moved_mm": _round(shift_mm)}


def _round(value: float, digits: int = 2) -> float:
    return round(value, digits) + 0.0
