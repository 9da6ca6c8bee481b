import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.planning.head_extent import BRAIN_LIMIT_MM, HeadExtent
from callosal.pipelines.planning.plan import make_plan, plan_axes
from callosal.pipelines.planning.prescription import Prescription
from callosal.pipelines.settings import PlanSettings, SliceSettings
from tests.planning.head_volumes import GANTRY_IN_PATIENT, head_extent_mm, head_volume, moved

FINAL = RotatedBox((4, 12), (90, 45), -5.8)
STACKS = ("transverse", "coronal", "sagittal")


UPRIGHT = np.eye(3)


def midsagittal(rotation=UPRIGHT, center=(1.0, -7.0, 22.0)):
    return SliceImage(
        np.zeros((240, 256), np.float32),
        (1.0, 0.9),
        np.array(center),
        rotation @ [0.0, 1.0, 0.0],
        rotation @ [0.0, 0.0, -1.0],
    )


def stacks(plan):
    return [getattr(plan, name) for name in STACKS]


def test_an_upright_head_gives_the_basic_planes_of_dicom():
    plan = make_plan(midsagittal(), RotatedBox((0, 0), (90, 45), 0), HeadExtent(), PlanSettings())
    expected = {
        "transverse": ([1, 0, 0, 0, 1, 0], "T"),
        "coronal": ([1, 0, 0, 0, 0, -1], "C"),
        "sagittal": ([0, 1, 0, 0, 0, -1], "S"),
    }
    for name, (orientation, text) in expected.items():
        stack = getattr(plan, name)
        np.testing.assert_allclose(stack.image_orientation_patient, orientation, atol=1e-12)
        assert stack.prescription == text


def test_transverse_slices_follow_the_final_axis():
    plan = make_plan(midsagittal(), FINAL, HeadExtent(), PlanSettings())
    # A lower anterior end: going posterior along the slice, the patient's head comes nearer.
    assert np.degrees(np.arcsin(plan.transverse.col_dir[2])) == pytest.approx(5.8)
    assert plan.transverse.prescription == "T > C 5.8"
    ahead, behind = midsagittal().mm_to_lps(FINAL.from_frame_mm([(40, 0), (-40, 0)]))
    for point in (ahead, behind):
        assert (point - plan.center_lps_mm) @ plan.transverse.normal == pytest.approx(0, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.floats(-30, 30), st.floats(-30, 30), st.floats(-30, 30)), st.floats(-60, 60))
def test_stacks_are_perpendicular_and_share_the_final_centre(degrees, angle):
    slice_image = midsagittal(Rotation.from_euler("xyz", degrees, degrees=True).as_matrix())
    final = RotatedBox(FINAL.center_mm, FINAL.size_mm, angle)
    plan = make_plan(slice_image, final, HeadExtent(), PlanSettings())
    normals = np.array([stack.normal for stack in stacks(plan)])
    np.testing.assert_allclose(normals @ normals.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(plan.sagittal.normal, slice_image.normal, atol=1e-12)
    np.testing.assert_allclose(plan.center_lps_mm, slice_image.mm_to_lps(final.center_mm))
    for stack in stacks(plan):
        heights = (stack.slice_centers_lps_mm - plan.center_lps_mm) @ stack.normal
        assert np.abs(heights).min() < 1e-9
        np.testing.assert_allclose(np.diff(heights), stack.slice_distance_mm)
        np.testing.assert_allclose(stack.slice_centers_lps_mm.mean(axis=0), stack.center_lps_mm)
        # The text names one of the two sides, and the plane to a tenth of a degree.
        read = Prescription.parse(stack.prescription)
        assert abs(read.normal @ stack.normal) > np.cos(np.radians(0.1))


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.floats(-90, 90), st.floats(-80, 80), st.floats(-180, 180)),
    st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.floats(-300, 300)),
)
def test_moving_the_patient_moves_the_plan_and_nothing_else(degrees, shift):
    rotation = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    before = make_plan(midsagittal(), FINAL, HeadExtent(), PlanSettings())
    center = rotation @ [1.0, -7.0, 22.0] + shift
    after = make_plan(midsagittal(rotation, center), FINAL, HeadExtent(), PlanSettings())
    for old, new in zip(stacks(before), stacks(after), strict=True):
        np.testing.assert_allclose(new.row_dir, rotation @ old.row_dir, atol=1e-10)
        np.testing.assert_allclose(new.col_dir, rotation @ old.col_dir, atol=1e-10)
        np.testing.assert_allclose(
            new.center_lps_mm, rotation @ old.center_lps_mm + shift, atol=1e-8
        )
        assert (new.fov_mm, new.n_slices) == (old.fov_mm, old.n_slices)


def plan_of(volume, slice_image):
    extent = head_extent_mm(
        volume, plan_axes(slice_image, FINAL.angle_deg), slice_image.mm_to_lps(FINAL.center_mm)
    )
    return make_plan(slice_image, FINAL, extent, PlanSettings())


def test_moving_a_volume_in_its_header_moves_the_plan_with_it():
    rotation = Rotation.from_euler("xyz", [12, -8, 30], degrees=True).as_matrix()
    shift = np.array([20.0, -30, 400])
    volume = head_volume()
    before = plan_of(volume, midsagittal())
    center = rotation @ [1.0, -7.0, 22.0] + shift
    after = plan_of(moved(volume, rotation, shift), midsagittal(rotation, center))
    for old, new in zip(stacks(before), stacks(after), strict=True):
        np.testing.assert_allclose(
            new.center_lps_mm, rotation @ old.center_lps_mm + shift, atol=1e-6
        )
        assert (new.fov_mm, new.n_slices) == (old.fov_mm, old.n_slices)


@pytest.mark.parametrize("position", GANTRY_IN_PATIENT)
def test_patient_position_changes_nothing_in_the_patients_axes(position):
    expected = plan_of(head_volume("HFS"), midsagittal())
    found = plan_of(head_volume(position), midsagittal())
    for old, new in zip(stacks(expected), stacks(found), strict=True):
        assert new.prescription == old.prescription
        assert new.fov_mm == old.fov_mm
        assert new.n_slices == old.n_slices
        np.testing.assert_allclose(new.center_lps_mm, old.center_lps_mm, atol=4)


def test_fields_cover_the_head_and_slices_the_brain():
    extent = HeadExtent((75.0, 90.0, 95.0, 70.0, 100.0, 70.0), (True,) * 6)
    plan = make_plan(midsagittal(), FINAL, extent, PlanSettings(fov_margin_mm=10))
    axes = plan_axes(midsagittal(), FINAL.angle_deg)
    brain = np.minimum(extent.reach_mm, BRAIN_LIMIT_MM)
    for stack in stacks(plan):
        for direction, side in ((stack.row_dir, 0), (stack.col_dir, 1)):
            axis = int(np.argmax(np.abs(axes @ direction)))
            offset = (stack.center_lps_mm - plan.center_lps_mm) @ axes[axis]
            assert stack.fov_mm[side] / 2 + offset >= extent.upper_mm[axis] + 10 - 1e-9
            assert stack.fov_mm[side] / 2 - offset >= extent.lower_mm[axis] + 10 - 1e-9
            assert stack.fov_mm[side] % 10 == 0
        axis = int(np.argmax(np.abs(axes @ stack.normal)))
        heights = (stack.slice_centers_lps_mm - plan.center_lps_mm) @ axes[axis]
        half = stack.thickness_mm / 2
        assert heights.max() + half >= brain[axis + 3]
        assert heights.min() - half <= -brain[axis]
        assert heights.max() - half - stack.gap_mm <= max(brain[[axis, axis + 3]])
    assert plan.sagittal.n_slices % 2 == 1
    across = (plan.sagittal.center_lps_mm - plan.center_lps_mm) @ plan.sagittal.normal
    assert across == pytest.approx(0, abs=1e-9)


def test_thinner_slices_are_more_of_them():
    thin = PlanSettings(transverse=SliceSettings(3.0, 0.0))
    routine, fine = (
        make_plan(midsagittal(), FINAL, HeadExtent(), chosen).transverse
        for chosen in (PlanSettings(), thin)
    )
    assert fine.slice_distance_mm == 3
    assert fine.n_slices == pytest.approx(2 * routine.n_slices, abs=2)


@pytest.mark.parametrize(("thickness", "gap"), [(0.0, 1.0), (-1.0, 0.0), (5.0, -0.1)])
def test_impossible_slices_are_refused(thickness, gap):
    with pytest.raises(GeometryError) as caught:
        SliceSettings(thickness, gap)
    assert caught.value.code == "bad_slices"


def test_a_number_of_slices_and_a_field_of_view_lie_about_the_centre() -> None:
    even = PlanSettings(transverse=SliceSettings(3.0, 0.5, n_slices=8, fov_mm=(180.0, 220.0)))
    plan = make_plan(midsagittal(), FINAL, HeadExtent(), even)
    stack = plan.transverse
    assert (stack.n_slices, stack.fov_mm) == (8, (180.0, 220.0))
    # One slice passes through the centre, so that an even number lies half a step off.
    away = np.linalg.norm(stack.slice_centers_lps_mm - plan.center_lps_mm, axis=1)
    assert away.min() == pytest.approx(0, abs=1e-9)
    assert np.linalg.norm(stack.center_lps_mm - plan.center_lps_mm) == pytest.approx(1.75)
    assert (
        plan.coronal.fov_mm
        == make_plan(midsagittal(), FINAL, HeadExtent(), PlanSettings()).coronal.fov_mm
    )


@pytest.mark.parametrize("wrong", [{"n_slices": 0}, {"fov_mm": (5.0, 200.0)}])
def test_an_impossible_number_or_field_is_refused(wrong) -> None:
    with pytest.raises(GeometryError, match="must lie in"):
        SliceSettings(3.0, 0.0, **wrong)
