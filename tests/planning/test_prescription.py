import math

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from callosal.models.errors import GeometryError
from callosal.pipelines.planning.prescription import Prescription

# The basic planes as viewers show them: row direction, column direction in LPS.
BASIC = {"T": [1, 0, 0, 0, 1, 0], "S": [0, 1, 0, 0, 0, -1], "C": [1, 0, 0, 0, 0, -1]}


def turned(orientation, rotation):
    return np.concatenate([rotation.apply(orientation[:3]), rotation.apply(orientation[3:])])


def angles_between_deg(one, other):
    chords = np.linalg.norm(np.subtract(one, other).reshape(2, 3), axis=1)
    return np.degrees(2 * np.arcsin(chords / 2))


@pytest.mark.parametrize("plane", "TSC")
def test_basic_planes_are_one_letter(plane):
    assert str(Prescription.of(BASIC[plane])) == plane
    np.testing.assert_allclose(
        Prescription.parse(plane).image_orientation_patient, BASIC[plane], atol=1e-12
    )


# What scanners reported for the unit normal of a stack (public multiband test scans).
@pytest.mark.parametrize(
    ("normal", "text"),
    [
        ((-0.07818081918, 0.4036100151, 0.9115847274), "T > C -23.9 > S 4.5"),
        ((-0.1087323357, 0.06708937544, 0.9918045649), "T > S 6.3 > C -3.8"),
    ],
)
def test_transverse_texts_are_those_of_the_scanner(normal, text):
    column = np.cross(normal, [1, 0, 0])
    column /= np.linalg.norm(column)
    assert str(Prescription.of([*np.cross(column, normal), *column])) == text
    np.testing.assert_allclose(Prescription.parse(text).normal, normal, atol=1.5e-3)


def test_the_form_of_dicom_headers_is_read():
    assert str(Prescription.parse("Tra>Cor(-23.9)>Sag(+4.5)")) == "T > C -23.9 > S 4.5"
    assert str(Prescription.parse("Sag")) == "S"


@pytest.mark.shared
def test_a_sagittal_series_has_the_text_that_its_scanner_wrote(shared_data):
    path = sorted((shared_data / "dicom" / "sag-mprage-3t").glob("*.dcm"))[0]
    dataset = pydicom.dcmread(path, stop_before_pixels=True)
    scanner = Prescription.parse(str(dataset[0x0051, 0x100E].value))
    ours = Prescription.of(dataset.ImageOrientationPatient)
    assert str(ours).split(" rot")[0] == str(scanner)
    protocol = next(
        line
        for line in bytes(dataset[0x0029, 0x1020].value).decode("latin-1").splitlines()
        if line.startswith("sSliceArray.asSlice[0].dInPlaneRot")
    )
    in_plane = math.degrees(float(protocol.split("=")[1]))
    assert ours.in_plane_deg == pytest.approx(in_plane, abs=0.01)


@settings(max_examples=200)
@given(
    st.sampled_from("TSC"),
    st.tuples(st.floats(-40, 40), st.floats(-40, 40), st.floats(-40, 40)),
)
def test_orientations_survive_the_text_to_a_tenth_of_a_degree(plane, degrees):
    orientation = turned(BASIC[plane], Rotation.from_euler("xyz", degrees, degrees=True))
    exact = Prescription.of(orientation)
    read = Prescription.parse(str(exact))
    # An image that the tilt shows from the far side has the same text as from the near one.
    seen = np.cross(*exact.image_orientation_patient.reshape(2, 3))
    side = np.sign(seen @ np.cross(orientation[:3], orientation[3:]))
    if side > 0:
        np.testing.assert_allclose(exact.image_orientation_patient, orientation, atol=1e-9)
        assert angles_between_deg(read.image_orientation_patient, orientation).max() < 0.1
    assert abs(read.normal @ exact.normal) > math.cos(math.radians(0.1))


@pytest.mark.parametrize("axis", "xyz")
@pytest.mark.parametrize("plane", "TSC")
def test_single_obliques_have_one_tilt_or_one_turn(plane, axis):
    orientation = turned(BASIC[plane], Rotation.from_euler(axis, 12.3, degrees=True))
    text = str(Prescription.of(orientation))
    assert text.count(">") + text.count("rot") == 1
    assert "12.3" in text


def test_the_largest_part_of_the_normal_names_the_plane():
    for degrees, letter in [(44, "T"), (45, "T"), (46, "C")]:
        orientation = turned(BASIC["T"], Rotation.from_euler("x", degrees, degrees=True))
        assert str(Prescription.of(orientation))[0] == letter


@pytest.mark.parametrize(
    "text", ["", "T > C", "X > C 3", "T > T 5", "T 5", "T > C 1 > S 2 > C 3", "rot 4", "T > C x"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(GeometryError) as caught:
        Prescription.parse(text)
    assert caught.value.code == "bad_prescription"


@pytest.mark.parametrize(
    "orientation",
    [[1, 0, 0, 0, 1], [1, 0, 0, 1, 0, 0], [2, 0, 0, 0, 1, 0], [np.nan, 0, 0, 0, 1, 0]],
)
def test_what_is_no_orientation_is_refused(orientation):
    with pytest.raises(GeometryError) as caught:
        Prescription.of(orientation)
    assert caught.value.code == "bad_orientation"
