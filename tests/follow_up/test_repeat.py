"""A second visit gets the stacks of the first at the same place of the same anatomy."""

import json
from dataclasses import replace

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from scipy.spatial.transform import Rotation

from callosal.models.errors import InputError
from callosal.pipelines.batch.jobs import Part
from callosal.pipelines.batch.request import Engine, Request
from callosal.pipelines.case.pose import Pose
from callosal.pipelines.case.process import Outcome
from callosal.pipelines.case.process_case import _repeated
from callosal.pipelines.follow_up.carried_stacks import carried_plan
from callosal.pipelines.follow_up.first_visit import FirstVisit
from callosal.pipelines.follow_up.neighbourhood import (
    SHAPE,
    neighbourhood,
    neighbourhood_bytes,
    read_neighbourhood,
)
from callosal.pipelines.follow_up.repeat import repeat_stacks
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.midplane.localizer_volumes import LocalizerVolumes
from callosal.pipelines.planning.findings import Status, Verdict
from callosal.pipelines.planning.head_extent import HeadExtent
from callosal.pipelines.planning.plan import ScanPlan, make_plan
from callosal.pipelines.planning.plan_document import stack_entries
from callosal.pipelines.planning.plan_file import Plan
from callosal.pipelines.review.first_visit_of_run import read_first_visit
from callosal.pipelines.settings import PlanSettings, Settings, SliceSettings
from tests.follow_up.made_blocks import texture
from tests.planning.head_volumes import moved
from tests.planning.test_plan_document import document

TURN = Rotation.from_rotvec(np.radians([9.0, -6.0, 4.0])).as_matrix()
SHIFT_MM = np.array([5.0, -8.0, 3.0])
ROI = RotatedBox((4.0, 6.0), (80.0, 40.0), 8.0)
DEFAULT = PlanSettings()
OWN_SLICES = PlanSettings(transverse=SliceSettings(3.0, 0.3))


def scan_plan(roi: RotatedBox = ROI, settings: PlanSettings = DEFAULT) -> ScanPlan:
    return make_plan(on_slice(np.zeros((240, 240)), (1.0, 1.0)), roi, HeadExtent(), settings)


def moved_plan(plan: ScanPlan) -> ScanPlan:
    def one(stack):
        return replace(
            stack, row_dir=TURN @ stack.row_dir, col_dir=TURN @ stack.col_dir,
            center_lps_mm=TURN @ stack.center_lps_mm + SHIFT_MM,
        )  # fmt: skip

    stacks = {n: one(getattr(plan, n)) for n in ("transverse", "coronal", "sagittal")}
    return ScanPlan(**stacks, center_lps_mm=TURN @ plan.center_lps_mm + SHIFT_MM)


def plan_of(plan: ScanPlan) -> Plan:
    """A plan document with these stacks."""
    made = json.loads(json.dumps(document()))
    made["planes"] = stack_entries(plan, 3)
    made["final"]["center_lps_mm"] = plan.center_lps_mm.tolist()
    return Plan.from_document(made)


def check_same(found: ScanPlan, wanted: ScanPlan, atol_mm: float, atol: float) -> None:
    for name in ("transverse", "coronal", "sagittal"):
        one, other = getattr(found, name), getattr(wanted, name)
        np.testing.assert_allclose(one.row_dir, other.row_dir, atol=atol)
        np.testing.assert_allclose(one.col_dir, other.col_dir, atol=atol)
        np.testing.assert_allclose(one.center_lps_mm, other.center_lps_mm, atol=atol_mm)
        assert (one.n_slices, one.thickness_mm) == (other.n_slices, other.thickness_mm)


def test_stacks_are_carried_by_the_frame_of_the_callosum():
    first = scan_plan(settings=OWN_SLICES)
    # The second visit alone would have other slices.
    found = carried_plan(plan_of(first), moved_plan(scan_plan()))
    check_same(found, moved_plan(first), atol_mm=1e-3, atol=1e-6)


@pytest.fixture(scope="module")
def head():
    return texture(1)


@pytest.fixture(scope="module")
def first(head):
    plan = scan_plan(RotatedBox((4.0, 6.0), (80.0, 40.0), 8.0), OWN_SLICES)
    return FirstVisit(plan_of(plan), "0" * 64, neighbourhood(head, plan).array)


def test_registration_takes_out_what_the_second_plan_is_off(head, first):
    truth = moved_plan(scan_plan(settings=OWN_SLICES))
    # The callosum of the second visit was found 1.5 degrees and 2 mm off.
    off = moved_plan(scan_plan(RotatedBox((5.2, 7.6), (80.0, 40.0), 9.5)))
    second = moved(head, TURN, SHIFT_MM)
    made, plan = repeat_stacks(first, second, off, document())
    check_same(plan, truth, atol_mm=0.4, atol=0.003)
    entry = made["follow_up"]
    assert entry["refined"] is True
    assert entry["reason"] is None
    assert entry["turn_deg"] == pytest.approx(1.5, abs=0.2)
    assert entry["shift_mm"] == pytest.approx(2.0, abs=0.2)
    assert Plan.from_json(json.dumps(made).encode()).planes.transverse.thickness_mm == 3.0


def test_what_cannot_be_registered_says_why(head, first):
    plan = scan_plan()
    slices = LocalizerVolumes((head,))
    for visit, images, reason in (
        (replace(first, block=None), head, "first_without_block"),
        (first, slices, "not_a_volume"),
        (first, texture(7), "not_alike"),
    ):
        made, found = repeat_stacks(visit, images, plan, document())
        assert made["follow_up"]["reason"] == reason
        assert made["follow_up"]["refined"] is False
        is_doubted = reason == "not_alike"
        assert (made["status"] == "low_confidence") is is_doubted
        assert ("first_visit_differs" in made["reasons"]) is is_doubted
        assert (made["confidence"] < 0.5) is is_doubted
        # The callosa lie in the same place: so do the stacks.
        check_same(found, scan_plan(settings=OWN_SLICES), atol_mm=1e-3, atol=1e-6)


def test_a_block_comes_back_from_its_file(head):
    plan = scan_plan()
    read = read_neighbourhood(neighbourhood_bytes(head, plan))
    block = neighbourhood(head, plan).array
    assert read.shape == SHAPE
    assert np.corrcoef(read.ravel(), block.ravel())[0, 1] > 0.999
    with pytest.raises(InputError, match="plan on the first visit again") as caught:
        read_neighbourhood(b"\x1f\x8bnothing")
    assert caught.value.code == "bad_neighbourhood"


def test_a_first_visit_is_a_file_or_a_run(tmp_path, head):
    plan = plan_of(scan_plan())
    folder = tmp_path / "run" / "cases" / "case-000000000001"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(plan.to_json())
    alone = read_first_visit(folder / "plan.json")
    assert alone.block is None
    (folder / "neighbourhood.nii.gz").write_bytes(neighbourhood_bytes(head, scan_plan()))
    of_run = read_first_visit(tmp_path / "run")
    assert of_run.block is not None
    assert of_run.plan.to_json() == plan.to_json()
    assert of_run.sha256 != alone.sha256
    doubtful = json.loads(plan.to_json()) | {"status": "low_confidence", "reasons": ["thin"]}
    (folder / "plan.json").write_text(json.dumps(doubtful))
    with pytest.raises(InputError) as caught:
        read_first_visit(tmp_path / "run")
    assert caught.value.code == "no_sure_plan"
    with pytest.raises(InputError) as caught:
        read_first_visit(tmp_path / "elsewhere")
    assert caught.value.code == "no_such_input"


def test_another_first_visit_is_other_work(tmp_path, first):
    request = Request((tmp_path,), tmp_path, Engine("x", "cpu", None, 1), Part(), False, Settings())
    like = replace(request, first=first)
    assert request.work_sha256 == Settings().config_sha256
    assert len({request.work_sha256, like.work_sha256,
                replace(like, first=replace(first, sha256="1" * 64)).work_sha256}) == 3  # fmt: skip


def test_the_picture_of_another_head_says_what_its_plan_says(first):
    ok = Verdict(Status.OK, 1.0)
    outcome = Outcome(document(), None, None, Pose(None, None, 1.0, scan_plan()), ok, None)
    found = _repeated(first, texture(7), outcome, outcome.pose)
    assert found.verdict.status is Status.LOW_CONFIDENCE
    assert found.document["status"] == found.verdict.status.value
    assert found.verdict.reasons[0] == "first_visit_differs"


def test_another_patient_id_is_told_and_counts_where_the_heads_were_not_compared(head, first):
    known = replace(first, patient="a")
    plan = scan_plan()
    for visit, images, patient, told, status in (
        (known, head, "a", "same", "ok"),
        (known, head, "", "unknown", "ok"),
        (known, head, "b", "differs", "ok"),
        (replace(known, block=None), head, "b", "differs", "low_confidence"),
    ):
        made, _ = repeat_stacks(visit, images, plan, document(), patient)
        assert made["follow_up"]["patient"] == told
        assert ("other_patient_id" in made["reasons"]) is (told == "differs")
        assert made["status"] == status


def write_object(path, patient):
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.PatientID = patient
    made.save_as(path, enforce_file_format=False, implicit_vr=False, little_endian=True)


def test_a_run_of_several_patients_is_no_first_visit(tmp_path):
    plan = plan_of(scan_plan())
    for number, patient in ((1, "P 1"), (2, "p1"), (3, "P2")):
        folder = tmp_path / "run" / "cases" / f"case-{number:012d}"
        folder.mkdir(parents=True)
        (folder / "plan.json").write_text(plan.to_json())
        write_object(folder / "seg.dcm", patient)
        if number == 2:
            one = read_first_visit(tmp_path / "run")
            assert one.patient
            assert one.name.endswith("of 2 confident plans")
    with pytest.raises(InputError, match="2 patients") as caught:
        read_first_visit(tmp_path / "run")
    assert caught.value.code == "several_patients"
    assert read_first_visit(folder / "plan.json").patient != one.patient
