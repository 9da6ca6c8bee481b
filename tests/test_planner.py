"""The planner from Python: every kind of source, streams of cases, and slices of any pixel size."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from highdicom import Volume

from callosal.models.errors import CallosalError, InputError
from callosal.pipelines.batch.case_work import INTERNAL
from callosal.pipelines.commands.infer import infer
from callosal.pipelines.outputs.file_names import (
    OVERLAY,
    PLAN,
    REVIEWED_OVERLAY,
    REVIEWED_PLAN,
)
from callosal.pipelines.phantom import phantom_head, phantom_slice
from callosal.pipelines.planner import Planner
from callosal.pipelines.planning.findings import Status
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.planning.reslice import nifti_bytes

PNG = b"\x89PNG\r\n"


@pytest.fixture(scope="module")
def planner() -> Planner:
    return Planner(device="cpu")


@pytest.fixture(scope="module")
def head() -> Volume:
    return phantom_head(3, (80, 120, 120), (2.0, 2.0, 2.0)).volume


@pytest.fixture(scope="module")
def file(head: Volume, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("planner") / "head.nii.gz"
    path.write_bytes(nifti_bytes(head))
    return path


@pytest.fixture(scope="module")
def plan(planner: Planner, file: Path) -> Plan:
    return planner.plan(file)


def _result(plan: Plan) -> dict:
    """The document but for what differs from run to run and from source to source."""
    return {k: v for k, v in plan.document.items() if k not in {"timings_ms", "source"}}


def test_the_plan_is_the_one_that_infer_writes(plan: Plan, file: Path, tmp_path: Path) -> None:
    assert infer([file], tmp_path, device="cpu") == 0
    (written,) = tmp_path.glob(f"cases/*/{PLAN}")
    document = json.loads(written.read_text(encoding="utf-8"))
    assert json.loads(json.dumps(_result(plan))) == _result(Plan.from_document(document))
    # Notes say which DICOM objects were not made.
    assert {**document["source"], "notes": []} == plan.document["source"]
    # Read back, it has the picture that lies beside it.
    assert Plan.read(written)._repr_png_() == written.with_name(OVERLAY).read_bytes()
    assert plan._repr_png_() == written.with_name(OVERLAY).read_bytes()
    reviewed = written.rename(written.with_name(REVIEWED_PLAN))
    assert Plan.read(reviewed)._repr_png_() is None  # not that of the other plan
    written.with_name(OVERLAY).rename(written.with_name(REVIEWED_OVERLAY))
    assert (Plan.read(reviewed)._repr_png_() or b"").startswith(PNG)


def test_a_volume_and_a_nibabel_image_give_the_plan_of_the_file(
    planner: Planner, plan: Plan, head: Volume, file: Path
) -> None:
    assert plan.status is Status.OK
    assert plan.name == file.name
    assert (plan._repr_png_() or b"").startswith(PNG)
    for source, kind in ((nibabel.load(file), "nifti"), (head, "volume")):
        found = planner.plan(source)
        assert found.source["kind"] == kind
        assert found.final is not None
        assert plan.final is not None
        assert found.final.angle_deg == pytest.approx(plan.final.angle_deg, abs=0.02)
        assert found.final.center_lps_mm == pytest.approx(plan.final.center_lps_mm, abs=0.02)


def test_many_cases_at_once_are_refused_with_their_number(
    planner: Planner, file: Path, tmp_path: Path
) -> None:
    for name in ("one.nii.gz", "two.nii.gz"):
        (tmp_path / name).write_bytes(file.read_bytes())
    with pytest.raises(InputError, match="holds 2 cases; plan_many") as refused:
        planner.plan(tmp_path)
    assert refused.value.code == "several_cases"


def test_one_bad_case_stops_neither_the_stream_nor_hides(
    planner: Planner, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(file.read_bytes()[:5000])
    empty = tmp_path / "empty"
    empty.mkdir()
    asked: list[str] = []

    def sources() -> Iterator[object]:
        for source in (broken, empty, tmp_path / "missing", 3, np.zeros((4, 4)), file):
            asked.append(str(source))
            yield source

    plans = planner.plan_many(sources())
    first = next(plans)
    assert len(asked) == 1  # the others are not taken before they are needed
    assert first.name == "broken.nii.gz"
    others = list(plans)
    assert [found.reasons[0] for found in [first, *others[:-1]]] == [
        "bad_nifti", "empty_input", "no_such_input", "bad_nifti", "bad_nifti",
    ]  # fmt: skip
    assert all(found.status is Status.FAILED and found.message for found in [first, *others[:-1]])
    assert others[-1].status is Status.OK
    assert others[-1].message == ""

    def fault(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("callosal.pipelines.planner.process_volume", fault)
    (ours,) = planner.plan_many(str(file))  # one path is one source, not its letters
    assert (ours.status, ours.reasons) == (Status.FAILED, (INTERNAL,))


@pytest.mark.parametrize(
    ("shape", "spacing_mm"),
    [((256, 256), (1.0, 1.0)), ((512, 512), (0.5, 0.5)), ((128, 140), (2.0, 1.8))],
)
def test_a_slice_of_any_pixel_size_has_its_mask_on_its_own_pixels(
    planner: Planner, shape: tuple[int, int], spacing_mm: tuple[float, float]
) -> None:
    fine, truth = phantom_slice(7, (512, 512), 0.5)
    rows, columns = (
        np.round((np.arange(n) - (n - 1) / 2) * step / 0.5 + 255.5).astype(int).clip(0, 511)
        for n, step in zip(shape, spacing_mm, strict=True)
    )
    pixels, expected = fine[np.ix_(rows, columns)], truth[np.ix_(rows, columns)]
    callosum = planner.segment(pixels, spacing_mm)
    assert callosum.mask.shape == shape
    both = (callosum.mask & expected).sum()
    assert 2 * both / (callosum.mask.sum() + expected.sum()) > 0.9
    measured = callosum.measure()
    assert measured.area_mm2 == pytest.approx(truth.sum() * 0.25, rel=0.12)
    assert measured.pv_area_mm2 == pytest.approx(measured.area_mm2, rel=0.05)
    assert callosum.mask.sum() * np.prod(spacing_mm) == pytest.approx(measured.area_mm2, rel=0.08)
    assert (callosum._repr_png_() or b"").startswith(PNG)


def test_a_turned_slice_is_not_trusted(planner: Planner) -> None:
    pixels, _ = phantom_slice(7)
    assert planner.segment(pixels[::-1], (1.0, 1.0)).quality.confidence < 0.5


@pytest.mark.parametrize(
    ("pixels", "spacing_mm", "code"),
    [
        (np.ones((1, 256, 256)), (1.0, 1.0), "bad_pixels"),
        (np.ones((256, 256), complex), (1.0, 1.0), "bad_pixels"),
        (np.full((256, 256), np.nan), (1.0, 1.0), "bad_pixels"),
        (np.empty((0, 256)), (1.0, 1.0), "bad_pixels"),
        (np.ones((256, 256)), 1.0, "bad_spacing"),
        (np.ones((256, 256)), (1.0, -1.0), "bad_spacing"),
        (np.ones((256, 256)), ("a", 1.0), "bad_spacing"),
        (np.ones((64, 64)), (0.5, 0.5), "field_of_view_too_small"),
        (np.ones((64, 64)), (20.0, 20.0), "no_sagittal_view"),
        (np.ones((256, 256)), (1.0, 1.0), "no_callosum"),
    ],
)
def test_what_is_no_slice_is_refused(
    planner: Planner, pixels: np.ndarray, spacing_mm: object, code: str
) -> None:
    with pytest.raises(CallosalError) as refused:
        planner.segment(pixels, spacing_mm)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_volumes_that_cannot_be_planned_on_are_refused(planner: Planner, head: Volume) -> None:
    holes = head.array.copy()
    holes[0, 0, 0] = np.nan
    for volume, code in (
        (Volume(holes, head.affine, "PATIENT"), "not_finite"),
        (Volume(np.where(np.isnan(holes), 1e30, holes), head.affine, "PATIENT"), "not_finite"),
        (Volume(head.array, head.affine, "SLIDE"), "no_orientation"),
        (head[30:32, 50:60], "field_of_view_too_small"),
    ):
        with pytest.raises(InputError) as refused:
            planner.plan(volume)
        assert refused.value.code == code


def test_a_plan_without_picture_shows_as_text(plan: Plan) -> None:
    bare = replace(plan, picture=None)
    assert bare._repr_png_() is None
    assert repr(bare).startswith("Plan(status='ok', confidence=")
