"""The plan of a first visit, read from its file or from its run, reviewed plans first."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from callosal.models.errors import InputError
from callosal.pipelines.dicom.headers import patient_of
from callosal.pipelines.follow_up.first_visit import FirstVisit
from callosal.pipelines.follow_up.neighbourhood import read_neighbourhood
from callosal.pipelines.outputs.file_names import CASES, DICOM_OBJECTS, NEIGHBOURHOOD
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.review.case_files import case_names
from callosal.pipelines.review.sure_plans import best_plan, sure_plans


def read_first_visit(path: Path) -> FirstVisit:
    """Read the plan of a first visit, and the block that lies beside it.

    Args:
        path: A plan.json, or the folder of a run: of its sure plans, reviewed ones first, that of
            the finest volume is taken.

    Raises:
        InputError: It is not there (`no_such_input`), cannot be read, is not a plan (`bad_plan`,
            `invalid_plan`), or has no stacks to repeat (`no_stacks`, `no_sure_plan`); or the sure
            plans of a run are of several patients (`several_patients`).
    """
    if not path.exists():
        raise InputError(
            f"{path.name}: there is no such file or folder; check the path", "no_such_input"
        )
    name = ""
    if path.is_dir():
        sure = sure_plans(path, case_names(path))
        _check_one_patient(path, sure)
        best = best_plan(sure)
        if best is None:
            raise InputError(
                f"{path.name}: holds no sure plan of three measured angles; look at its report, "
                "accept one in `callosal review`, or name a plan.json",
                "no_sure_plan",
            )
        plan, folder = best.plan, path / CASES / best.name
        name = f"{best.name}, of {len(sure)} confident plans" if len(sure) > 1 else best.name
    else:
        plan, folder = Plan.read(path), path.parent
    if plan.planes is None or plan.final is None:
        raise InputError(
            f"{path.name}: has no stacks to repeat (status {plan.status})", "no_stacks"
        )
    content = _content(folder / NEIGHBOURHOOD)
    digest = hashlib.sha256(plan.to_json().encode() + content).hexdigest()
    block = read_neighbourhood(content) if content else None
    return FirstVisit(plan, digest, block, _patient(folder), name)


def _check_one_patient(run: Path, cases: Iterable[str]) -> None:
    patients = {_patient(run / CASES / name) for name in cases} - {""}
    if len(patients) > 1:
        raise InputError(
            f"{run.name}: holds confident plans of {len(patients)} patients; name the plan.json of "
            "one of them",
            "several_patients",
        )


def _patient(folder: Path) -> str:
    """Hash of the PatientID in the DICOM objects of a case; "" without such objects."""
    paths = (folder / name for name in DICOM_OBJECTS.values())
    return next((patient_of(path) for path in paths if path.is_file()), "")


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
