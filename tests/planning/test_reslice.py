import nibabel as nib
import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.planning.head_extent import HeadExtent
from callosal.pipelines.planning.plan import make_plan
from callosal.pipelines.planning.reslice import (
    isotropic,
    nifti_bytes,
    reslice,
    stack_affine_lps,
    stack_shape,
)
from callosal.pipelines.settings import PlanSettings
from tests.planning.head_volumes import CENTER_LPS_MM, GANTRY_IN_PATIENT, RADII_MM, head_volume

MIDSAGITTAL = SliceImage(
    np.zeros((200, 200), np.float32),
    (1.0, 1.0),
    CENTER_LPS_MM,
    np.array([0.0, 1.0, 0.0]),
    np.array([0.0, 0.0, -1.0]),
)
PLAN = make_plan(MIDSAGITTAL, RotatedBox((0, 0), (90, 45), -15), HeadExtent(), PlanSettings())


def head_at(lps_mm):
    """Brightness of the test head well inside of it, NaN elsewhere."""
    offset = lps_mm - CENTER_LPS_MM
    deep = ((offset / (RADII_MM - 8)) ** 2).sum(axis=-1) < 1
    return np.where(deep, 500 + offset @ np.array([1.0, 1.5, 2.0]), np.nan)


@pytest.mark.parametrize("position", GANTRY_IN_PATIENT)
@pytest.mark.parametrize("name", ["transverse", "coronal", "sagittal"])
def test_every_voxel_shows_its_place_in_the_patient(name, position):
    stack = getattr(PLAN, name)
    resliced = reslice(head_volume(position), stack, 4.0)
    index = np.moveaxis(np.indices(resliced.shape), 0, -1)
    lps = index @ resliced.affine[:3, :3].T + resliced.affine[:3, 3]
    expected = head_at(lps)
    known = np.isfinite(expected)
    assert known.sum() > 5000
    np.testing.assert_allclose(resliced.array[known], expected[known], atol=0.1)
    assert resliced.frame_of_reference_uid == "1.2.3"


def test_slices_of_the_affine_are_those_of_the_stack():
    stack = PLAN.transverse
    n, rows, columns = stack_shape(stack, 2.0)
    affine = stack_affine_lps(stack, 2.0)
    middles = affine @ np.array([[k, (rows - 1) / 2, (columns - 1) / 2, 1] for k in range(n)]).T
    np.testing.assert_allclose(middles[:3].T, stack.slice_centers_lps_mm, atol=1e-9)
    np.testing.assert_allclose(affine[:3, 2] / 2, stack.row_dir)
    np.testing.assert_allclose(affine[:3, 1] / 2, stack.col_dir)


def test_an_aligned_volume_has_cubes_and_covers_the_same_block():
    stack = isotropic(PLAN.transverse, 1.5)
    assert (stack.thickness_mm, stack.gap_mm) == (1.5, 0)
    old = (PLAN.transverse.n_slices - 1) * 6 + 5
    assert old <= stack.n_slices * 1.5 < old + 1.5
    np.testing.assert_allclose(stack.center_lps_mm, PLAN.transverse.center_lps_mm)


def test_a_nifti_file_holds_the_voxels_in_their_place(tmp_path):
    resliced = reslice(head_volume(), isotropic(PLAN.transverse, 4.0), 4.0)
    (tmp_path / "aligned.nii.gz").write_bytes(nifti_bytes(resliced))
    image = nib.load(tmp_path / "aligned.nii.gz")
    np.testing.assert_array_equal(np.asarray(image.dataobj), resliced.array.transpose(2, 1, 0))
    affine_lps = stack_affine_lps(isotropic(PLAN.transverse, 4.0), 4.0)
    expected = np.diag([-1, -1, 1, 1]) @ affine_lps[:, [2, 1, 0, 3]]
    np.testing.assert_allclose(image.affine, expected, atol=1e-4)
    assert image.header["sform_code"] == image.header["qform_code"] == 1
    np.testing.assert_allclose(image.get_qform(), image.get_sform(), atol=1e-4)


@pytest.mark.parametrize("pixel_mm", [0.0, -1.0, float("nan")])
def test_pixels_of_no_size_are_refused(pixel_mm):
    with pytest.raises(GeometryError) as caught:
        reslice(head_volume(), PLAN.sagittal, pixel_mm)
    assert caught.value.code == "bad_spacing"
