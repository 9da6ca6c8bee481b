import numpy as np
import pytest
from highdicom import Volume
from scipy.ndimage import map_coordinates, spline_filter

from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.midplane import cores
from callosal.pipelines.midplane.plane_sampling import sample_planes


def grid(shape: tuple[int, int], center_lps_mm: tuple[float, float, float]) -> SliceImage:
    return SliceImage(
        np.zeros(shape, np.float32),
        (1.0, 1.0),
        np.array(center_lps_mm),
        np.array([0.0, 1.0, 0.0]),
        np.array([0.0, 0.0, -1.0]),
    )


def test_voxel_centres_come_back_unchanged() -> None:
    values = np.random.default_rng(0).integers(0, 1000, (12, 9, 7)).astype(np.int16)
    volume = Volume(values, np.eye(4), "PATIENT")
    sampled = sample_planes(volume, grid((7, 9), (5.0, 4.0, 3.0)), np.array([0.0, 2.0, -1.0]))
    for pixels, x in zip(sampled, (5, 3, 6), strict=True):
        np.testing.assert_allclose(pixels, values[x, :, ::-1].T, atol=0.01)


def test_a_single_slice_is_read_within_half_its_thickness() -> None:
    values = np.random.default_rng(0).integers(1, 1000, (1, 9, 7)).astype(np.int16)
    affine = np.diag([4.0, 1.0, 1.0, 1.0])
    sampled = sample_planes(
        Volume(values, affine, "PATIENT"), grid((7, 9), (0.0, 4.0, 3.0)), np.array([0.0, 1.9, 2.1])
    )
    np.testing.assert_allclose(sampled[0], values[0, :, ::-1].T, atol=0.01)
    np.testing.assert_allclose(sampled[1], sampled[0])
    assert (sampled[2] == 0).all()


def test_a_single_slice_gives_what_its_spline_in_three_dimensions_does() -> None:
    values = np.random.default_rng(1).integers(0, 4000, (1, 24, 22)).astype(np.int16)
    place = grid((15, 17), (0.0, 11.4, 13.3))
    sampled = sample_planes(Volume(values, np.eye(4), "PATIENT"), place, np.array([0.0]))
    spline = spline_filter(values.astype(float), mode="mirror")
    at = place.pixels_to_lps(np.moveaxis(np.indices((15, 17)), 0, -1))
    solid = map_coordinates(spline, np.moveaxis(at, -1, 0), order=3, mode="mirror", prefilter=False)
    np.testing.assert_allclose(sampled[0], np.clip(solid, values.min(), values.max()), rtol=1e-6)


def test_samples_do_not_depend_on_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(size=(12, 19, 17)).astype(np.float32)
    volume = Volume(values, np.eye(4), "PATIENT")

    def sampled_by(n_cores: int) -> np.ndarray:
        monkeypatch.setattr(cores, "usable_cores", lambda: n_cores)
        return sample_planes(volume, grid((15, 13), (5.3, 8.1, 7.7)), np.array([0.0, 0.4]))

    one = sampled_by(1)
    assert one.std() > 0.5
    for n_cores in (2, 3, 8):
        np.testing.assert_array_equal(sampled_by(n_cores), one)
