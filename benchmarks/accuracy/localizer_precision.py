"""How near a plan from a made localizer comes to the plan of the same head's whole volume.

    python benchmarks/accuracy/localizer_precision.py --data HEADS --poses 20 --output FOLDER

Each head is turned by up to 15 degrees about each axis and shifted by up to 12 mm along each, in
its header alone; from there four scouts are made, of 3 to 10 slices an orientation. The reference
is the plan of the head as it is, moved along. Every scout counts, those without a plan too. A scout
holds the midline if the callosum's centre lies within the thickness of a sagittal slice. With
--weighting the T1 heads are first shown in another contrast; the reference stays that of the T1.

FOLDER gets `plans.csv`, a row a scout, and `table.md`. A row that is there already, of the same
model, is not made again, so a stopped run goes on.
"""

import argparse
import csv
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from highdicom import Volume
from plan_distance import MEASURES, distance

from callosal.export.runtime import Segmenter, open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import CallosalError
from callosal.pipelines.case.process import process_volume
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.evaluation.weightings import WEIGHTINGS, Weighting, reweighted_head
from callosal.pipelines.midplane.localizer_volumes import LocalizerVolumes
from callosal.pipelines.phantom.demo_head import mni152_file, mni152_head
from callosal.pipelines.phantom.localizer_series import LocalizerProtocol, acquire_localizer
from callosal.pipelines.phantom.reference_pose import RigidMotion
from callosal.pipelines.reading.cases import find_cases
from callosal.pipelines.settings import Settings

PROTOCOLS = (
    LocalizerProtocol((3, 3, 3), 8.0, 12.0),
    LocalizerProtocol((5, 5, 5), 5.0, 10.0),
    LocalizerProtocol((10, 10, 10), 8.0, 8.0),
    LocalizerProtocol((7, 5, 3), 10.0, 15.0),
)
TILT_DEG, SHIFT_MM = 15.0, 12.0
FAR_DEG, FAR_MM = 4.0, 5.0
"""A plan that is `ok` and farther off than this is wrong and sure."""

Row = dict[str, str]
KEY = ("model", "head", "protocol", "seed", "pose")


@dataclass(frozen=True, eq=False)
class Head:
    """A head, its name and the plan of its whole volume."""

    name: str
    volume: Volume
    plan: dict[str, Any]


def main() -> None:
    arguments = parse_arguments()
    segmenter = open_segmenter(resolve_model(arguments.model), "cpu")
    arguments.output.mkdir(parents=True, exist_ok=True)
    table = arguments.output / "plans.csv"
    rows = read_rows(table)
    done = {key_of(row) for row in rows}
    for head_name, volume in read_heads(arguments.heads, arguments.data):
        name = " ".join(filter(None, [head_name, arguments.weighting]))
        wanted = [
            (protocol, pose)
            for pose in range(arguments.poses)
            for protocol in PROTOCOLS
            if key_of(identity(segmenter, name, protocol, arguments.seed, pose)) not in done
        ]
        weighting = None if arguments.weighting is None else WEIGHTINGS[arguments.weighting]
        head = referenced(name, volume, segmenter, weighting) if wanted else None
        if head is None:
            continue
        for protocol, pose in wanted:
            row = measured(head, protocol, arguments.seed, pose, segmenter)
            rows.append(row)
            append_row(table, row)
    shown = [row for row in rows if row["model"] == segmenter.sha256[:12]]
    text = report(shown)
    (arguments.output / "table.md").write_text(text, encoding="utf-8")
    print(text)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--heads", type=Path, nargs="*", default=[], help="DICOM or NIfTI")
    parser.add_argument("--data", type=Path, help="folder of heads: its files *_T1w.nii.gz")
    parser.add_argument("--poses", type=int, default=20, help="of each head")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weighting", choices=WEIGHTINGS, help="contrast to show the heads in")
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args()


def read_heads(paths: Sequence[Path], data: Path | None) -> Iterator[tuple[str, Volume]]:
    """MNI152 where nilearn carries it, then the heads named, then those of the folder."""
    if mni152_file("t1") is not None:
        yield "MNI152", mni152_head().volume
    for path in [*paths, *(sorted(data.glob("*_T1w.nii.gz")) if data else [])]:
        cases = find_cases([path]).cases
        for index, case in enumerate(cases):
            images = case.load()
            if isinstance(images, Volume):
                suffix = f" {index + 1}" if len(cases) > 1 else ""
                yield path.name.removesuffix(".nii.gz") + suffix, images


def referenced(
    name: str, volume: Volume, segmenter: Segmenter, weighting: Weighting | None
) -> Head | None:
    """The head with the plan of its whole volume; None, said aloud, where that is not sure."""
    outcome = process_volume(volume, segmenter, Settings(), {})
    plan = outcome.document
    if plan["status"] != "ok" or plan["dof_estimated"] != 3 or outcome.callosum is None:
        print(f"{name}: left out, its own plan is {plan['status']} {plan['reasons']}", flush=True)
        return None
    shown = volume if weighting is None else reweighted_head(volume, outcome.callosum, weighting)
    return Head(name, shown, plan)


def drawn_motion(seed: int, pose: int, about_lps_mm: np.ndarray) -> RigidMotion:
    """The motion of a pose, the same for every head and protocol."""
    rng = np.random.default_rng((seed, pose))
    angles_deg = rng.uniform(-TILT_DEG, TILT_DEG, 3)
    return RigidMotion.of_angles(*angles_deg, about_lps_mm, rng.uniform(-SHIFT_MM, SHIFT_MM, 3))


def measured(
    head: Head, protocol: LocalizerProtocol, seed: int, pose: int, segmenter: Segmenter
) -> Row:
    """One scout, planned on and held against the reference."""
    isocenter = np.asarray(head.volume.center_position)
    motion = drawn_motion(seed, pose, isocenter).matrix
    there = Volume(head.volume.array, motion @ head.volume.affine, "PATIENT")
    stacks = acquire_localizer(there, protocol, isocenter, pose)
    start = time.perf_counter()
    plan = planned(stacks, segmenter)
    seconds = time.perf_counter() - start
    center = motion @ [*head.plan["final"]["center_lps_mm"], 1.0]
    away_mm = nearest_mm(stacks[0], center[:3])
    found = distance(head.plan, plan, motion)
    row = {
        **identity(segmenter, head.name, protocol, seed, pose),
        "status": plan["status"],
        "dof": str(plan["dof_estimated"]),
        "confidence": "" if plan["confidence"] is None else f"{plan['confidence']:.3f}",
        "reasons": " ".join(plan["reasons"]),
        "nearest_mm": f"{away_mm:.2f}",
        "holds_midline": str(away_mm <= protocol.thickness_mm / 2),
        "seconds": f"{seconds:.2f}",
    }
    errors = dict.fromkeys(MEASURES, "")
    if found is not None:
        errors = {name: f"{value:.3f}" for name, value in asdict(found).items()}
    return row | errors


def planned(stacks: Sequence[Volume], segmenter: Segmenter) -> dict[str, Any]:
    """The plan of a scout; where it cannot be planned on, its code as the reason."""
    images = LocalizerVolumes(tuple(stacks))
    try:
        return process_volume(images, segmenter, Settings(), {}).document
    except CallosalError as error:
        return {
            "status": "failed",
            "dof_estimated": 0,
            "confidence": None,
            "reasons": [error.code],
            "planes": None,
        }


def nearest_mm(sagittal: Volume, point_lps_mm: np.ndarray) -> float:
    """Distance of a point from the nearest slice of a stack."""
    slices = np.arange(sagittal.spatial_shape[0])
    at = float((np.linalg.inv(sagittal.affine) @ [*point_lps_mm, 1.0])[0])
    return float(np.abs(slices - at).min() * sagittal.spacing[0])


def identity(
    segmenter: Segmenter, head: str, protocol: LocalizerProtocol, seed: int, pose: int
) -> Row:
    values = (segmenter.sha256[:12], head, str(protocol), str(seed), str(pose))
    return dict(zip(KEY, values, strict=True))


def key_of(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in KEY)


def read_rows(path: Path) -> list[Row]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def append_row(path: Path, row: Row) -> None:
    is_new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if is_new:
            writer.writeheader()
        writer.writerow(row)


def report(rows: Sequence[Row]) -> str:
    """Tables by protocol and by head, of every plan and of the sure ones."""
    names = [str(protocol) for protocol in PROTOCOLS]
    heads = sorted({row["head"] for row in rows})
    parts = [
        _table("protocol", [(name, _of(rows, "protocol", name)) for name in names]),
        _table("head", [(name, _of(rows, "head", name)) for name in heads]),
        _table("all", [("all", list(rows))]),
    ]
    return "\n".join(parts)


def _of(rows: Iterable[Row], column: str, value: str) -> list[Row]:
    return [row for row in rows if row[column] == value]


def _table(title: str, groups: Sequence[tuple[str, list[Row]]]) -> str:
    lines = [
        f"| {title} | plans | n | `ok`, three degrees of freedom | of those that hold the midline "
        "| without stacks | `ok` and wrong | whole turn, degrees | sagittal | transverse "
        "| centre, mm |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, rows in groups:
        if rows:
            lines += [_line(name, "every", rows, rows), _line(name, "`ok`", rows, _sure(rows))]
    return "\n".join(lines) + "\nMean / 95 % / largest over the plans with stacks.\n"


def _sure(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["status"] == "ok" and row["dof"] == "3"]


def _line(name: str, which: str, rows: Sequence[Row], used: Sequence[Row]) -> str:
    holding = _of(rows, "holds_midline", "True")
    with_stacks = [row for row in used if row["turn_deg"]]
    wrong = [
        row
        for row in _sure(rows)
        if float(row["turn_deg"]) > FAR_DEG or float(row["centre_mm"]) > FAR_MM
    ]
    cells = [
        name,
        which,
        str(len(used)),
        _share(len(_sure(rows)), len(rows)),
        _share(len(_sure(holding)), len(holding)),
        str(len(used) - len(with_stacks)),
        str(len(wrong)),
        *(
            _spread([float(row[measure]) for row in with_stacks])
            for measure in ("turn_deg", "sagittal_deg", "transverse_deg", "centre_mm")
        ),
    ]
    return f"| {' | '.join(cells)} |"


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({100 * part / whole:.0f} %)" if whole else "")


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    return f"{np.mean(values):.2f} / {np.percentile(values, 95):.2f} / {max(values):.2f}"


if __name__ == "__main__":
    run_script(main)
