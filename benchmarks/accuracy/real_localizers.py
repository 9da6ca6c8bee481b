"""Plans of real localizers beside the plans of other series of the same exam.

    python benchmarks/accuracy/real_localizers.py DATA

DATA holds `localizers/NAME/` with the DICOM files of a scout, and `heads/NAME_*.nii.gz`, series of
the exam of that name in the same frame of reference. The patient may have moved between them.
"""

import argparse
from pathlib import Path
from typing import Any

from plan_distance import distance

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import CallosalError
from callosal.pipelines.case.process import process_volume
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.reading.cases import Case, find_cases
from callosal.pipelines.settings import Settings

COLUMNS = (
    "scout", "slices", "status", "degrees of freedom", "reasons", "reference", "its status",
    "whole turn, degrees", "sagittal", "transverse", "centre, mm", "of it across the plane",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default=DEFAULT)
    arguments = parser.parse_args()
    segmenter = open_segmenter(resolve_model(arguments.model), "cpu")
    folders = sorted(path for path in (arguments.data / "localizers").glob("*") if path.is_dir())
    if not folders:
        parser.error(f"{arguments.data}: no folder localizers/NAME in it")
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for folder in folders:
        references = {
            path.name.removesuffix(".nii.gz"): plan_of_head(path, segmenter)
            for path in sorted((arguments.data / "heads").glob(f"{folder.name}_*.nii.gz"))
        }
        index = find_cases([folder])
        for skip in index.skipped:
            print(f"| {folder.name} | skipped | {skip.code} |" + " |" * (len(COLUMNS) - 3))
        for case in index.cases:
            plan = plan_of(case, segmenter)
            for line in lines(folder.name, case, plan, references):
                print(f"| {' | '.join(line)} |", flush=True)


def plan_of_head(path: Path, segmenter: Segmenter) -> dict[str, Any] | None:
    """The plan of a whole series; None where it is no volume that can be planned on."""
    cases = find_cases([path]).cases
    return plan_of(cases[0], segmenter) if cases else None


def plan_of(case: Case, segmenter: Segmenter) -> dict[str, Any]:
    """The plan of a case; where it cannot be planned on, its code as the reason."""
    try:
        images = case.load()
        return process_volume(images, segmenter, Settings(), {}).document
    except CallosalError as error:
        return {"status": "failed", "dof_estimated": 0, "reasons": [error.code], "planes": None}


def lines(
    name: str, case: Case, plan: dict[str, Any], references: dict[str, dict[str, Any] | None]
) -> list[list[str]]:
    """A line for each reference, or one alone where the exam has none."""
    stacks = case.source.get("stacks")
    counts = [str(one["n_slices"]) for one in stacks] if isinstance(stacks, list) else []
    own = [
        name,
        "+".join(counts) or str(case.n_slices),
        plan["status"],
        str(plan["dof_estimated"]),
        ", ".join(plan["reasons"]) or "-",
    ]
    if not references:
        return [[*own, "-", *["-"] * 6]]
    return [[*own, *_beside(key, plan, reference)] for key, reference in references.items()]


def _beside(key: str, plan: dict[str, Any], reference: dict[str, Any] | None) -> list[str]:
    if reference is None:
        return [key, "not read", *["-"] * 5]
    found = distance(reference, plan)
    if found is None:
        return [key, reference["status"], *["-"] * 5]
    values = (
        found.turn_deg, found.sagittal_deg, found.transverse_deg, found.centre_mm, found.offset_mm,
    )  # fmt: skip
    return [key, reference["status"], *(f"{value:.2f}" for value in values)]


if __name__ == "__main__":
    run_script(main)
