"""Stations of made spines joined: what is right, and what is refused or flagged."""

from dataclasses import replace

import numpy as np
import pytest
from highdicom import Volume

from callosal.models.errors import InputError
from callosal.pipelines.phantom.spine import Spine
from callosal.pipelines.phantom.spine_stations import (
    StationProtocol,
    acquire_station,
    true_signal,
)
from callosal.pipelines.stitching.settings import Blending, Matching, StitchSettings
from callosal.pipelines.stitching.stitch import Stitched, stitch
from tests.stitching.conftest import LOWER, UPPER


@pytest.fixture(scope="module")
def joined(upper: Volume, lower: Volume) -> Stitched:
    return stitch([upper, lower])


def _ratio_by_row(joined: Stitched, spine: Spine) -> np.ndarray:
    """Brightness of the joined volume over the truth, a row each."""
    truth = true_signal(spine, joined.volume.affine @ _back(joined), joined.volume.spatial_shape)
    seen = joined.covered & (truth > 150)
    sums = [np.where(seen, image, 0).sum(axis=(0, 2)) for image in (joined.volume.array, truth)]
    return np.asarray(sums[0] / np.maximum(sums[1], 1))


def _back(joined: Stitched) -> np.ndarray:
    """Takes out that the lower station, which stays in place, lay where the patient had moved."""
    affine = np.eye(4)
    moved = np.array([0, 3, -5.2])
    affine[:3, 3] = -np.linalg.inv(joined.volume.affine[:3, :3]) @ moved
    return affine


def test_shift_and_gain_are_found(joined: Stitched) -> None:
    upper = joined.stations[0]
    assert np.allclose(upper.shift_lps_mm, (0, 3, -5.2), atol=0.3)
    assert upper.gain == pytest.approx(1.5, rel=0.03)
    assert joined.stations[1].shift_lps_mm == (0, 0, 0)
    assert joined.stations[1].gain == 1
    assert joined.reasons == ()
    assert joined.confidence > 0.9


def test_no_step_in_brightness(joined: Stitched, spine: Spine) -> None:
    ratio = _ratio_by_row(joined, spine)
    step = joined.volume.spacing[1]
    points = joined.seams_lps_mm[0].reshape(-1, 3)
    rows = joined.volume.map_reference_to_indices(points)[:, 1]
    seam = int(np.median(rows))
    band = round(5 / step)
    above, below = ratio[seam - 2 * band : seam - band], ratio[seam + band : seam + 2 * band]
    assert abs(above.mean() / below.mean() - 1) < 0.02


def test_structure_lies_where_it_is(joined: Stitched, spine: Spine) -> None:
    truth = true_signal(spine, joined.volume.affine @ _back(joined), joined.volume.spatial_shape)
    inside = joined.covered & (truth > 100)
    found = np.corrcoef(joined.volume.array[inside], truth[inside])[0, 1]
    assert found > 0.985


def test_order_of_stations_does_not_matter(upper: Volume, lower: Volume, joined: Stitched) -> None:
    other = stitch([lower, upper])
    assert [station.index for station in other.stations] == [1, 0]
    assert np.array_equal(other.volume.array, joined.volume.array)


def test_equal_input_gives_equal_output(upper: Volume, lower: Volume, joined: Stitched) -> None:
    assert np.array_equal(stitch([upper, lower]).volume.array, joined.volume.array)


@pytest.mark.parametrize("blending", list(Blending))
def test_both_blends_cover_the_overlap(upper: Volume, lower: Volume, blending: Blending) -> None:
    result = stitch([upper, lower], StitchSettings(blending=blending))
    middle = result.volume.array[2, :, 60:100]
    assert (middle > 0).mean() > 0.98
    assert len(result.seams_lps_mm) == (blending is Blending.SEAM)


def test_histogram_matching_makes_the_stations_alike(
    upper: Volume, lower: Volume, spine: Spine
) -> None:
    plain = stitch([upper, lower], StitchSettings(matching=Matching.NONE))
    matched = stitch([upper, lower], StitchSettings(matching=Matching.HISTOGRAM))
    steps = []
    for result in (plain, matched):
        ratio = _ratio_by_row(result, spine)
        steps.append(abs(np.log(np.median(ratio[20:90]) / np.median(ratio[180:250]))))
    assert steps[0] > 0.3 > 3 * steps[1]


def test_pixels_slices_and_offsets_may_differ(spine: Spine, upper: Volume) -> None:
    other = replace(
        LOWER, moved_lps_mm=(0, -2, 4), pixel_mm=0.8, matrix=(200, 190), n_slices=3,
        distance_mm=5, center_lps_mm=(1.5, 0, 100),
    )  # fmt: skip
    result = stitch([upper, acquire_station(spine, other, 2)])
    assert np.allclose(result.volume.spacing[1:], 0.8)
    assert np.allclose(result.stations[0].shift_lps_mm[1:], (-2, 4), atol=0.3)


def test_a_tilt_that_headers_tell_is_followed(spine: Spine, upper: Volume) -> None:
    tilted = replace(LOWER, tilt_deg=8, moved_lps_mm=(0, 1.5, 2))
    result = stitch([upper, acquire_station(spine, tilted, 2)])
    assert np.allclose(result.stations[0].shift_lps_mm[1:], (1.5, 2), atol=0.3)
    assert result.reasons == ()


def test_a_gap_is_left_empty_and_told(spine: Spine, upper: Volume, lower: Volume) -> None:
    far = replace(UPPER, center_lps_mm=(0, 0, 320), matrix=(30, 160))
    result = stitch([acquire_station(spine, far, 3), upper, lower])
    assert result.reasons == ("gap",)
    assert "a gap of 5.0 mm" in result.joints[0].message
    rows = result.covered.any(axis=(0, 2))
    assert (~rows).sum() in (4, 5)
    assert not result.volume.array[:, ~rows].any()
    assert result.confidence == 0


def test_a_short_overlap_is_placed_by_headers(spine: Spine, upper: Volume) -> None:
    low = acquire_station(spine, replace(LOWER, center_lps_mm=(0, 0, 68)), 2)
    result = stitch([upper, low])
    assert result.reasons == ("short_overlap",)
    assert result.stations[0].shift_lps_mm == (0, 0, 0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"moved_lps_mm": (0, 0, -12)}, "shift_too_large"),
        ({"moved_lps_mm": (8, 0, 0)}, "overlap_disagrees"),
        ({"is_inverted": True}, "overlap_disagrees"),
        ({"center_lps_mm": (0, 0, 40)}, "no_overlap"),
        ({"center_lps_mm": (0, 0, 215)}, "repeated_station"),
        ({"tilt_deg": 30}, "other_orientation"),
    ],
)
def test_what_does_not_fit_is_refused(
    spine: Spine, upper: Volume, change: dict[str, object], code: str
) -> None:
    wrong = acquire_station(spine, replace(LOWER, **change), 2)  # type: ignore[arg-type]
    with pytest.raises(InputError) as refused:
        stitch([upper, wrong])
    assert refused.value.code == code


def test_another_patient_is_refused(upper: Volume, other_spine: Spine) -> None:
    with pytest.raises(InputError) as refused:
        stitch([upper, acquire_station(other_spine, LOWER, 2)])
    assert refused.value.code == "overlap_disagrees"


def test_an_exam_is_parted_at_a_wrong_station(
    spine: Spine, other_spine: Spine, upper: Volume, lower: Volume
) -> None:
    wrong = acquire_station(other_spine, StationProtocol((0, 0, 0), (120, 160), 1.0, 5), 5)
    result = stitch([upper, wrong, lower])
    assert [station.index for station in result.stations] == [0, 2]
    assert result.reasons == ("overlap_disagrees",)
    assert "stations 2 and 3" in result.refused[0].message


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"turned_deg": 2.0}, "motion_in_overlap"),
        ({"moved_lps_mm": (4, 0, 0)}, "moved_across_slices"),
        ({"noise": 0.2}, "weak_overlap"),
    ],
)
def test_motion_and_noise_are_flagged(
    spine: Spine, upper: Volume, change: dict[str, object], reason: str
) -> None:
    moved = acquire_station(spine, replace(LOWER, **change), 2)  # type: ignore[arg-type]
    result = stitch([upper, moved])
    assert reason in result.reasons
    assert result.confidence < 0.6


def test_one_station_is_too_few(upper: Volume) -> None:
    with pytest.raises(InputError) as refused:
        stitch([upper])
    assert refused.value.code == "too_few_stations"


def test_axial_slices_are_refused(upper: Volume) -> None:
    axial = Volume(upper.array, np.diag([1.0, 1, 4, 1])[[2, 1, 0, 3]], "PATIENT")
    with pytest.raises(InputError) as refused:
        stitch([axial, axial])
    assert refused.value.code == "not_along_table"


def test_coronal_stations_are_joined(upper: Volume, lower: Volume) -> None:
    quarter = np.eye(4)
    quarter[:3, :3] = [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]
    turned = [Volume(one.array, quarter @ one.affine, "PATIENT") for one in (upper, lower)]
    result = stitch(turned)
    assert np.allclose(result.stations[0].shift_lps_mm, (3, 0, -5.2), atol=0.3)
