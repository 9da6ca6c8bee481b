"""Measure the callosum of a cohort and compare its groups.

    python examples/cohort.py participants.tsv IMAGES --output OUT --measure area_mm2

`participants.tsv` has the column `participant_id` and, to compare groups, `group`. The scans of
each participant lie in `IMAGES/<participant_id>` (a folder of DICOM or NIfTI) or in
`IMAGES/<participant_id>.nii.gz`. Written are `OUT/cohort.csv`, one row a scan with every measure,
and a run folder with its report for each participant. Several scans of one participant are all
kept; the groups are compared by the mean of each participant. A scan without a confident plan is
left out of the comparison and named: nothing is made up. For BIDS, see `callosal bids`.
"""

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callosal import CallosalError
from callosal.pipelines.commands.infer import infer

Array = NDArray[np.float64]
RESAMPLES = 10_000


def main() -> int:
    """Measure everybody, write the table and print the groups."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("participants", type=Path, help="table with participant_id and group")
    parser.add_argument("images", type=Path, help="folder of the scans")
    parser.add_argument("--output", type=Path, required=True, help="folder to write into")
    parser.add_argument("--measure", default="area_mm2", help="a key of morphometry in plan.json")
    arguments = parser.parse_args()
    with arguments.participants.open(encoding="utf-8") as stream:
        people = list(csv.DictReader(stream, delimiter="\t"))
    rows = [
        row for person in people for row in measured(person, arguments.images, arguments.output)
    ]
    write_table(arguments.output / "cohort.csv", rows)
    for row in rows:
        if row["status"] != "ok":
            print(f"left out: {row['participant_id']}: {row['status']} {row['reasons']}")
    groups = values_by_group(rows, arguments.measure)
    for group, values in groups.items():
        spread = f"{values.std(ddof=1):.2f}" if len(values) > 1 else "not known of one"
        print(f"{group}: n {len(values)}, mean {values.mean():.2f}, SD {spread}")
    if len(groups) == 2 and all(len(values) > 1 for values in groups.values()):
        first, second = groups.values()
        low, high = interval(first, second)
        told = f"{first.mean() - second.mean():+.2f} (95 % interval {low:+.2f} to {high:+.2f})"
        print(f"difference of {arguments.measure}, {' - '.join(groups)}: {told}")
    return 0


def measured(person: dict[str, str], images: Path, output: Path) -> list[dict[str, Any]]:
    """The rows of one participant, one a scan: status and every measure."""
    name = person["participant_id"]
    folder, file = images / name, images / f"{name}.nii.gz"
    # Without groups, all participants are one.
    known: dict[str, Any] = {"participant_id": name, "group": person.get("group") or "all"}
    try:
        infer([folder if folder.is_dir() else file], output=output / name)
    except CallosalError as error:
        return [known | {"status": "no_case", "confidence": None, "reasons": error.code}]
    paths = sorted((output / name).glob("cases/*/plan.json"))
    if not paths:
        return [known | {"status": "no_case", "confidence": None, "reasons": "see the console"}]
    return [known | row_of(path) for path in paths]


def row_of(path: Path) -> dict[str, Any]:
    """Status and every measure of one plan."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    measures = plan["morphometry"] or {}
    scalars = {key: value for key, value in measures.items() if not isinstance(value, list | dict)}
    return {
        "case_id": path.parent.name,
        **{key: plan[key] for key in ("status", "confidence")},
        "reasons": ";".join(plan["reasons"]),
        **scalars,
    }


def write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write the rows; a measure that somebody lacks is an empty cell."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)


def values_by_group(rows: list[dict[str, Any]], measure: str) -> dict[str, Array]:
    """A measure by group, in the order of the table: the mean of each participant's sure scans.

    Raises:
        SystemExit: No confident scan has the measure.
    """
    sure = [row for row in rows if row["status"] == "ok" and row.get(measure) is not None]
    if not sure:
        raise SystemExit(f"{measure}: no confident scan has it; see the columns of cohort.csv")
    people: dict[tuple[str, str], list[float]] = {}
    for row in sure:
        people.setdefault((row["group"], row["participant_id"]), []).append(row[measure])
    groups = dict.fromkeys(group for group, _ in people)
    return {
        group: np.array([np.mean(values) for (of, _), values in people.items() if of == group])
        for group in groups
    }


def interval(first: Array, second: Array) -> tuple[float, float]:
    """95 % interval of the difference of the means, by the bootstrap."""
    random = np.random.default_rng(0)
    means = [
        random.choice(values, (RESAMPLES, len(values))).mean(axis=1) for values in (first, second)
    ]
    low, high = np.percentile(means[0] - means[1], [2.5, 97.5])
    return float(low), float(high)


if __name__ == "__main__":
    raise SystemExit(main())
