import numpy as np
import pytest
from highdicom import VolumeGeometry

from callosal.models.errors import InputError
from callosal.pipelines.dicom.views import check_sagittal_view, describe_orientation

# columns: direction of the slice, row and column axis
SAGITTAL = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
AXIAL = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]])
CORONAL = np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]])


def geometry(directions, shape, spacing_mm) -> VolumeGeometry:
    affine = np.eye(4)
    affine[:3, :3] = directions * np.asarray(spacing_mm, dtype=float)
    return VolumeGeometry(affine, shape, "PATIENT")


def turned(directions, angle_deg: float):
    """Directions turned about the up axis."""
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]) @ directions


@pytest.mark.parametrize(
    ("directions", "shape", "spacing_mm"),
    [
        (SAGITTAL, (192, 256, 256), (0.9, 0.9, 0.9)),
        (SAGITTAL, (1, 256, 256), (10, 1, 1)),
        (SAGITTAL, (3, 160, 160), (20, 1.6, 1.6)),
        (AXIAL, (22, 512, 512), (6, 0.5, 0.5)),
        (CORONAL, (30, 256, 256), (5, 1, 1)),
        (turned(SAGITTAL, 40), (1, 256, 256), (5, 1, 1)),
    ],
)
def test_what_shows_a_sagittal_plane(directions, shape, spacing_mm):
    check_sagittal_view(geometry(directions, shape, spacing_mm))


@pytest.mark.parametrize(
    ("directions", "shape", "spacing_mm", "code"),
    [
        (AXIAL, (3, 256, 256), (10, 1, 1), "no_sagittal_view"),
        (AXIAL, (12, 256, 256), (15, 1, 1), "no_sagittal_view"),
        (CORONAL, (1, 256, 256), (5, 1, 1), "no_sagittal_view"),
        (turned(SAGITTAL, 50), (1, 256, 256), (5, 1, 1), "no_sagittal_view"),
        (AXIAL, (8, 256, 256), (4, 1, 1), "field_of_view_too_small"),
        (SAGITTAL, (20, 64, 64), (1, 1, 1), "field_of_view_too_small"),
    ],
)
def test_what_does_not(directions, shape, spacing_mm, code: str):
    with pytest.raises(InputError) as caught:
        check_sagittal_view(geometry(directions, shape, spacing_mm))
    assert caught.value.code == code


def test_orientation_in_words():
    assert describe_orientation(geometry(AXIAL, (9, 9, 9), (1, 1, 1))) == "axial"
    tilted = turned(SAGITTAL, 12.3)
    assert describe_orientation(geometry(tilted, (9, 9, 9), (1, 1, 1))) == (
        "sagittal, tilted 12.3 deg"
    )
