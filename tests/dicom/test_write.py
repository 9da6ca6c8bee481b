import subprocess

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
from highdicom import Volume
from scipy.spatial.transform import Rotation

from callosal.models.errors import InputError
from callosal.pipelines.dicom.write import write_mr_series


def oblique_volume(dtype=np.float32, shape=(5, 12, 16)):
    """Sagittal, double oblique, no two spacings equal."""
    turn = Rotation.from_euler("xyz", [12, -5, 7], degrees=True).as_matrix()
    axes = turn @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]).T
    affine = np.eye(4)
    affine[:3, :3] = axes * [1.3, 0.9, 0.7]
    affine[:3, 3] = (-11.25, 37.5, 60.125)
    values = np.random.default_rng(0).uniform(0, 900, shape)
    return Volume(values.astype(dtype), affine, "PATIENT")


def read(paths):
    return [pydicom.dcmread(path) for path in paths]


def test_floats_come_back_to_a_share_of_their_range(tmp_path):
    volume = oblique_volume()
    paths = write_mr_series(volume, tmp_path / "new" / "series", description="T1")
    assert [path.name for path in paths] == [f"slice-000{n}.dcm" for n in range(1, 6)]
    again = highdicom.get_volume_from_series(read(paths))
    assert again.affine == pytest.approx(volume.affine, abs=1e-6)
    assert np.abs(again.array - volume.array).max() <= 900 / 32767


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_small_integers_are_stored_as_they_are(tmp_path, dtype):
    values = np.arange(240).reshape(3, 8, 10).astype(dtype)
    if dtype is np.int16:
        values -= 100
    volume = Volume(values, oblique_volume().affine, "PATIENT")
    paths = write_mr_series(volume, tmp_path, description="T1")
    first = pydicom.dcmread(paths[0])
    assert first.RescaleSlope == 1
    assert np.array_equal(np.stack([image.pixel_array for image in read(paths)]), values)


def test_slices_are_numbered_from_the_first_instance(tmp_path):
    paths = write_mr_series(oblique_volume(), tmp_path, description="scout", first_instance=6)
    assert [path.name for path in paths] == [f"slice-{n:04d}.dcm" for n in range(6, 11)]
    assert [image.InstanceNumber for image in read(paths)] == list(range(6, 11))


def test_every_type_1_and_2_attribute_of_the_mr_image_is_there(tmp_path):
    image = pydicom.dcmread(write_mr_series(oblique_volume(), tmp_path, description="T1")[0])
    type_1 = (
        "StudyInstanceUID SeriesInstanceUID SOPInstanceUID SOPClassUID Modality ImageType "
        "FrameOfReferenceUID PixelSpacing ImageOrientationPatient ImagePositionPatient "
        "SamplesPerPixel PhotometricInterpretation Rows Columns BitsAllocated BitsStored HighBit "
        "PixelRepresentation PixelData ScanningSequence SequenceVariant"
    )
    type_2 = (
        "PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime StudyID "
        "ReferringPhysicianName AccessionNumber SeriesNumber Manufacturer InstanceNumber "
        "PositionReferenceIndicator SliceThickness ScanOptions MRAcquisitionType EchoTime "
        "EchoTrainLength"
    )
    for keyword in type_1.split():
        assert image[keyword].value not in (None, "", []), keyword
    for keyword in type_2.split():
        assert keyword in image, keyword
    assert str(image.PatientName) == "callosal^demo"
    assert image.PatientPosition == "HFS"
    assert not image.StudyDate
    assert image.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID


def test_uids_follow_content_and_seed(tmp_path):
    volume = oblique_volume()

    def uids(folder, seed):
        images = read(write_mr_series(volume, tmp_path / folder, description="T1", seed=seed))
        assert len({image.SeriesInstanceUID for image in images}) == 1
        assert len({image.SOPInstanceUID for image in images}) == len(images)
        return images[0].SeriesInstanceUID, images[0].SOPInstanceUID

    assert uids("a", 0) == uids("b", 0)
    assert not set(uids("a", 0)) & set(uids("c", 1))
    same = (tmp_path / "a" / "slice-0002.dcm").read_bytes()
    assert same == (tmp_path / "b" / "slice-0002.dcm").read_bytes()


def test_slices_of_an_earlier_series_are_removed(tmp_path):
    write_mr_series(oblique_volume(), tmp_path, description="T1")
    (tmp_path / "notes.txt").write_text("kept")
    write_mr_series(oblique_volume(shape=(3, 12, 16)), tmp_path, description="T1")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "notes.txt", "slice-0001.dcm", "slice-0002.dcm", "slice-0003.dcm",
    ]  # fmt: skip


def test_constant_volume_is_written(tmp_path):
    volume = Volume(np.zeros((2, 4, 4), np.float32), np.eye(4), "PATIENT")
    again = highdicom.get_volume_from_series(
        read(write_mr_series(volume, tmp_path, description="empty"))
    )
    assert not again.array.any()


def test_voxels_that_are_not_finite_are_refused(tmp_path):
    volume = Volume(np.full((2, 4, 4), np.nan, np.float32), np.eye(4), "PATIENT")
    with pytest.raises(InputError, match="NaN") as refused:
        write_mr_series(volume, tmp_path, description="T1")
    assert refused.value.code == "not_finite"
    assert not list(tmp_path.iterdir())


def test_dcm2niix_reads_the_same_volume(tmp_path):
    dcm2niix = pytest.importorskip("dcm2niix")
    volume = oblique_volume(np.float32, (8, 24, 32))
    write_mr_series(volume, tmp_path / "series", description="T1")
    command = [dcm2niix.bin, "-b", "n", "-z", "n", "-f", "out", "-o", tmp_path, tmp_path / "series"]
    subprocess.run(command, check=True, capture_output=True)
    image = nibabel.load(tmp_path / "out.nii")
    indices = np.argwhere(np.ones(volume.shape, bool))[::37]
    lps = volume.map_indices_to_reference(indices)
    to_voxel = np.linalg.inv(image.affine) @ np.diag([-1, -1, 1, 1])
    voxels = (np.c_[lps, np.ones(len(lps))] @ to_voxel.T)[:, :3]
    assert voxels == pytest.approx(np.rint(voxels), abs=2e-3)
    stored = image.get_fdata()[tuple(np.rint(voxels).astype(int).T)]
    assert stored == pytest.approx(volume.array[tuple(indices.T)], abs=0.05)
