import sys

import nibabel
import numpy as np
import pytest

from callosal.models.errors import InputError
from callosal.pipelines.phantom import demo_head as module
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.phantom.demo_head import (
    MNI152_BOX,
    MNI152_LINE,
    DemoHead,
    demo_head,
    drawn_motion,
    mni152_file,
    mni152_head,
    mni152_plane,
    moved,
    tilted,
)
from callosal.pipelines.phantom.reference_pose import (
    ReferencePose,
    RigidMotion,
    measured_box_and_line,
)

needs_nilearn = pytest.mark.skipif(
    mni152_file("t1") is None, reason="nilearn (extra demo) is not installed"
)


@pytest.fixture(scope="module")
def phantom():
    head = phantom_head(3, (80, 120, 120), (2.0, 2.0, 2.0))
    return DemoHead("phantom", head.volume, head.pose)


@needs_nilearn
def test_embedded_pose_is_that_of_the_white_matter_template():
    image = nibabel.load(mni152_file("wm"))
    template = np.asanyarray(image.dataobj) / 255
    x, y, z = np.linalg.inv(image.affine)[:3, 3].astype(int)
    half_z, half_y = 60, 80  # the origin in the middle of an odd number of pixels
    plane = template[x, y - half_y : y + half_y + 1, z - half_z : z + half_z + 1]
    pixels = np.flip(plane.T, axis=(0, 1)).astype(np.float32)
    frame = mni152_plane(pixels)
    box, line = measured_box_and_line(pixels, frame)
    # The touching points slide along flat borders with the least change of smoothing, so the
    # pose is compared; the bounds are an eighth of what the demo allows.
    derived = ReferencePose.of_plane(box, line, frame)
    embedded = ReferencePose.of_plane(MNI152_BOX, MNI152_LINE, frame)
    assert derived.center_error_mm(embedded.center_lps_mm) < 0.25
    angle = embedded.angle_deg(frame.row_dir, frame.col_dir)
    assert abs(derived.angle_error_deg(angle, frame.row_dir, frame.col_dir)) < 0.1
    assert box.size_mm == pytest.approx(MNI152_BOX.size_mm, abs=0.1)


@needs_nilearn
def test_mni_head_is_bright_along_its_callosum_and_in_lps():
    imported = "nilearn" in sys.modules
    head = mni152_head()
    genu, top = [0, -28, 5], [0, 0, 26]  # LPS mm, of the MNI atlas
    values = value_at(head.volume, [genu, top, [0, -28, 100]])
    assert values[0] > 180
    assert values[1] > 180
    assert values[2] == 0, "above the vertex"
    assert head.pose.angle_deg([0, 1, 0], [0, 0, -1]) == pytest.approx(-9.395, abs=0.01)
    assert ("nilearn" in sys.modules) == imported


def test_phantom_takes_the_place_of_an_absent_mni_head(monkeypatch):
    monkeypatch.setattr(module, "mni152_file", lambda tissue: None)
    monkeypatch.setattr(
        module, "phantom_head", lambda seed: phantom_head(seed, (20, 40, 40), (6.0, 6.0, 6.0))
    )
    assert demo_head(1).name == "procedural phantom"
    with pytest.raises(InputError, match=r"\[demo\]") as refused:
        mni152_head()
    assert refused.value.code == "demo_head_missing"


def test_missing_package_has_no_file(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert mni152_file("t1") is None


def test_tilted_head_carries_its_truth_along(phantom):
    about = np.asarray(phantom.volume.center_position)
    motion = RigidMotion.of_angles(12.5, 6, -4, about, (5, -3, 2))
    moved = tilted(phantom, motion)
    assert moved.volume.array.shape == (176, 240, 240)
    assert moved.volume.spacing == pytest.approx((1, 1, 1))
    # Points keep their intensities: those of the source's voxels, seen again at their new place.
    indices = np.argwhere(phantom.volume.array > 0)[::997]
    source = phantom.volume.map_indices_to_reference(indices)
    target = source @ motion.rotation.T + motion.matrix[:3, 3]
    inside = np.all(np.abs(target - about) < 80, axis=1)
    before = phantom.volume.array[tuple(indices[inside].T)]
    after = value_at(moved.volume, target[inside])
    assert np.corrcoef(before, after)[0, 1] > 0.95
    assert moved.pose.angle_deg([0, 1, 0], [0, 0, -1]) < phantom.pose.angle_deg(
        [0, 1, 0], [0, 0, -1]
    )


def test_moved_head_keeps_its_voxels_and_takes_its_truth_along(phantom):
    motion = RigidMotion.of_angles(12.5, 6, -4, phantom.volume.center_position, (5, -3, 2))
    after = moved(phantom, motion)
    assert np.array_equal(after.volume.array, phantom.volume.array)
    corner = motion.matrix @ [*phantom.volume.map_indices_to_reference(np.array([[0, 0, 0]]))[0], 1]
    assert after.volume.map_indices_to_reference(np.array([[0, 0, 0]]))[0] == pytest.approx(
        corner[:3]
    )
    assert after.pose.plane_error_deg(motion.rotation @ phantom.pose.normal) == pytest.approx(
        0, abs=1e-5
    )


def test_no_motion_leaves_the_voxels_where_they_are(phantom):
    still = tilted(phantom, RigidMotion.of_angles(0, 0, 0))
    positions = phantom.volume.map_indices_to_reference(np.argwhere(phantom.volume.array)[::997])
    inside = np.all(np.abs(positions - phantom.volume.center_position) < 78, axis=1)
    assert still.pose.center_lps_mm == pytest.approx(phantom.pose.center_lps_mm)
    before, after = (value_at(h.volume, positions[inside]) for h in (phantom, still))
    assert np.corrcoef(before, after)[0, 1] > 0.9


def test_motion_is_drawn_from_its_seed_within_bounds():
    for seed in range(30):
        motion = drawn_motion(seed, np.zeros(3))
        assert motion.rotation == pytest.approx(drawn_motion(seed, np.zeros(3)).rotation)
        assert np.abs(motion.shift_mm).max() <= 8
        assert np.degrees(np.arccos((np.trace(motion.rotation) - 1) / 2)) < 19
    assert not np.allclose(drawn_motion(0, np.zeros(3)).rotation, motion.rotation)


def value_at(volume, positions_lps_mm):
    indices = np.rint(volume.map_reference_to_indices(np.asarray(positions_lps_mm, float)))
    return volume.array[tuple(indices.astype(int).T)]
