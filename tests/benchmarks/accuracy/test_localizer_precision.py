"""Distances between plans, and the tables of made localizers: every scout counts."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from highdicom import Volume

from callosal.pipelines.phantom.reference_pose import RigidMotion

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks" / "accuracy"


@pytest.fixture(scope="module")
def benchmark_module() -> Any:
    sys.path.insert(0, str(FOLDER))
    try:
        import localizer_precision

        yield localizer_precision
    finally:
        sys.path.remove(str(FOLDER))


def plan(motion: RigidMotion) -> dict[str, Any]:
    """A level plan through (2, -3, 5), moved."""
    rotation = motion.rotation
    center = motion.matrix @ [2, -3, 5, 1]
    directions = [*rotation[:, 0], *rotation[:, 1]]
    return {
        "planes": {"transverse": {"image_orientation_patient": directions}},
        "midsagittal": {"normal": (-rotation[:, 0]).tolist()},
        "final": {"center_lps_mm": center[:3].tolist()},
    }


STILL = RigidMotion.of_angles(0, 0, 0)


def test_the_motion_of_the_head_is_taken_out(benchmark_module: ModuleType) -> None:
    motion = RigidMotion.of_angles(12, -7, 5, (1, 2, 3), (4, -5, 6))
    found = benchmark_module.distance(plan(STILL), plan(motion), motion.matrix)
    assert [found.turn_deg, found.centre_mm] == pytest.approx([0, 0], abs=1e-5)
    apart = benchmark_module.distance(plan(STILL), plan(motion))
    assert apart.turn_deg > 10
    assert apart.centre_mm > 5


def test_each_angle_is_that_of_its_plane(benchmark_module: ModuleType) -> None:
    pitched = benchmark_module.distance(plan(STILL), plan(RigidMotion.of_angles(3, 0, 0)))
    assert pitched.turn_deg == pytest.approx(3)
    assert pitched.transverse_deg == pytest.approx(3)
    assert pitched.sagittal_deg == pytest.approx(0, abs=1e-5)
    yawed = benchmark_module.distance(plan(STILL), plan(RigidMotion.of_angles(0, 2, 0)))
    assert yawed.sagittal_deg == pytest.approx(2)
    assert yawed.transverse_deg == pytest.approx(0, abs=1e-5)
    shifted = RigidMotion.of_angles(0, 0, 0, (0, 0, 0), (3, 4, 0))
    found = benchmark_module.distance(plan(STILL), plan(shifted))
    assert (found.centre_mm, found.offset_mm) == pytest.approx((5, 3))


def test_a_plan_without_stacks_has_no_distance(benchmark_module: ModuleType) -> None:
    assert benchmark_module.distance(plan(STILL), {"planes": None}) is None


def test_the_nearest_slice_is_measured_from_its_middle(benchmark_module: ModuleType) -> None:
    affine = np.diag([-12.0, 1.0, 1.0, 1.0])
    stack = Volume(np.zeros((3, 4, 4)), affine, "PATIENT")  # at 0, -12 and -24 mm
    for x, away_mm in ((0.0, 0.0), (-17.0, 5.0), (-30.0, 6.0), (4.0, 4.0)):
        found = benchmark_module.nearest_mm(stack, np.array([x, 50.0, -7.0]))
        assert found == pytest.approx(away_mm)


def row(module: ModuleType, **values: str) -> dict[str, str]:
    own = {
        "head": "one", "protocol": str(module.PROTOCOLS[0]), "status": "ok", "dof": "3",
        "holds_midline": "True", "turn_deg": "1.0", "sagittal_deg": "0.5",
        "transverse_deg": "0.8", "centre_mm": "0.6",
    }  # fmt: skip
    return own | values


def test_scouts_without_a_plan_count(benchmark_module: ModuleType) -> None:
    none = dict.fromkeys(("turn_deg", "sagittal_deg", "transverse_deg", "centre_mm"), "")
    rows = [
        row(benchmark_module),
        row(benchmark_module, turn_deg="4.5"),
        row(benchmark_module, status="low_confidence", turn_deg="3.0"),
        row(benchmark_module, status="failed", dof="0", holds_midline="False", **none),
    ]
    every, sure = benchmark_module.report(rows).splitlines()[2:4]
    cells = [cell.strip() for cell in every.strip("|").split("|")]
    assert cells[2:7] == ["4", "2 of 4 (50 %)", "2 of 3 (67 %)", "1", "1"]
    assert cells[7].startswith("2.83 / ")
    assert sure.split("|")[8].strip().startswith("2.75 / ")


def test_rows_are_read_again_as_they_were_written(
    benchmark_module: ModuleType, tmp_path: Path
) -> None:
    rows = [row(benchmark_module), row(benchmark_module, head="two, or three")]
    for one in rows:
        benchmark_module.append_row(tmp_path / "plans.csv", one)
    assert benchmark_module.read_rows(tmp_path / "plans.csv") == rows


def test_poses_are_drawn_from_the_seed(benchmark_module: ModuleType) -> None:
    first, again, other = (
        benchmark_module.drawn_motion(seed, 3, np.zeros(3)).matrix for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
