import numpy as np
import pytest

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.reference_line import find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.morphometry.measures import measure
from callosal.pipelines.morphometry.parcel_mask import parcel_mask
from callosal.pipelines.outline.contour import callosum_contour_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.phantom import Arch, arch_phantom

SPACING_MM = (0.5, 1.0)


def measured_arch():
    coverage = arch_phantom(Arch(90.0, 6.0, 60.0, 12.0), (240, 120), SPACING_MM)
    plane = on_slice(coverage, SPACING_MM)
    contour = smooth_contour_mm(callosum_contour_mm(coverage, plane))
    box = RotatedBox.around(contour)
    line = find_reference_line("subcallosal", contour, box)
    return measure(contour, coverage, plane, box, line), coverage, plane


def test_labels_cover_the_mask_and_have_the_areas_of_the_parts():
    morphometry, coverage, plane = measured_arch()
    for parcellation in morphometry.parcellations:
        labels = parcel_mask(parcellation, coverage, plane)
        assert np.array_equal(labels > 0, coverage >= 0.5)
        for number, area in enumerate(parcellation.areas_mm2, start=1):
            if area is not None:
                assert (labels == number).sum() * 0.5 == pytest.approx(area, abs=6)


def test_labels_run_from_anterior_to_posterior():
    morphometry, coverage, plane = measured_arch()
    for parcellation in morphometry.parcellations:
        labels = parcel_mask(parcellation, coverage, plane)
        # Columns run from anterior to posterior.
        present = [number for number in np.unique(labels) if 0 < number <= 7]
        if parcellation.undivided_mm is not None:
            present = [8, *[number for number in present if number < 8]]
        columns = [np.nonzero(labels == number)[1].mean() for number in present]
        assert columns == sorted(columns)
        assert len(columns) >= 5


def test_parts_beside_the_mask_are_refused():
    morphometry, coverage, plane = measured_arch()
    beside = np.zeros_like(coverage)
    beside[:2, :2] = 1
    with pytest.raises(GeometryError) as caught:
        parcel_mask(morphometry.parcellations[0], beside, plane)
    assert caught.value.code == "shape_mismatch"
