"""The head of the demo: a real average head that a package carries, at a known tilt.

The head is the MNI152 T1 average (ICBM 2009a nonlinear symmetric, Fonov et al. 2009,
NeuroImage 47:S102; skull-stripped) from the wheel of nilearn, read without importing nilearn
and without any download. Where nilearn is absent, a procedural phantom takes its place.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import nibabel
import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from callosal.models.arrays import Array
from callosal.models.errors import InputError
from callosal.pipelines.geometry.nifti_file import LPS_TO_RAS
from callosal.pipelines.geometry.reference_line import LineKind, ReferenceLine
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.phantom.reference_pose import ReferencePose, RigidMotion

# Box and subcallosal line of the MNI152 callosum in the plane x = 0, in MNI coordinates (x toward
# anterior is MNI y, y toward superior is MNI z). Derived without any network from the
# white-matter probability template of the same release: where it exceeds 0.5 at x = 0, the
# callosum is a component of its own (fornix, brainstem and cerebellum are others), and box and
# line are those of its smoothed 0.5 outline (`measured_box_and_line`). Between the levels 0.3
# and 0.7 the angle moves by 0.1 degree and the centre by 0.5 mm. A test derives them anew.
MNI152_BOX = RotatedBox((-3.750, 15.083), (77.139, 27.433), -9.395)
MNI152_LINE = ReferenceLine(LineKind.SUBCALLOSAL, (22.174, -3.110), (-37.832, 6.819))

# The scanner's grid: sagittal slices of 1 mm from right to left, in the order
# in which highdicom reads a series.
_SCANNER_SHAPE = (176, 240, 240)
_SCANNER_AXES = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


@dataclass(frozen=True, eq=False)
class DemoHead:
    """A head with the true pose of its callosum.

    Attributes:
        name: What it is, for the series description.
        volume: Intensities in patient coordinates.
        pose: True pose, in the same coordinates.
    """

    name: str
    volume: Volume
    pose: ReferencePose


def mni152_file(tissue: str) -> Path | None:
    """The MNI152 file of nilearn's wheel, or None where nilearn is not installed.

    Args:
        tissue: `t1` for the image, `wm` or `gm` for a tissue probability.
    """
    spec = find_spec("nilearn")  # finds the package and does not import it
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "datasets" / "data"
    path = folder / f"mni_icbm152_{tissue}_tal_nlin_sym_09a_converted.nii.gz"
    return path if path.is_file() else None


def mni152_head() -> DemoHead:
    """The MNI152 average head with its reference pose.

    Raises:
        InputError: nilearn is not installed, or no longer carries the file.
    """
    path = mni152_file("t1")
    if path is None:
        raise InputError(
            "demo head: the MNI152 T1 file of nilearn is not here; "
            "install nilearn (`pip install '.[demo]'` in a clone)",
            "demo_head_missing",
        )
    image = nibabel.Nifti1Image.from_filename(path)
    affine = LPS_TO_RAS @ image.affine
    volume = Volume(np.asanyarray(image.dataobj), affine, "PATIENT")
    pose = ReferencePose.of_plane(MNI152_BOX, MNI152_LINE, mni152_plane(np.zeros((1, 1))))
    return DemoHead("MNI152 average head", volume, pose)


def mni152_plane(pixels: NDArray[np.floating]) -> SliceImage:
    """The plane x = 0 as a slice image of 1 mm pixels centred on the MNI origin.

    Args:
        pixels: Image with the origin in its middle, shape (H, W).
    """
    return SliceImage(
        pixels=pixels.astype(np.float32),
        spacing_mm=(1.0, 1.0),
        center_lps_mm=np.zeros(3),
        row_dir=np.array([0.0, 1.0, 0.0]),
        col_dir=np.array([0.0, 0.0, -1.0]),
    )


def demo_head(seed: int) -> DemoHead:
    """The MNI152 head where nilearn carries it, else a phantom of the given seed."""
    if mni152_file("t1") is not None:
        return mni152_head()
    phantom = phantom_head(seed)
    return DemoHead("procedural phantom", phantom.volume, phantom.pose)


def drawn_motion(seed: int, about_lps_mm: Array) -> RigidMotion:
    """A tilt as patients have it: pitch within 15, yaw within 8, roll within 6 degrees.

    Args:
        seed: Number of the motion.
        about_lps_mm: Fixed point of the rotation; the shift, within 8 mm per axis, comes after.
    """
    rng = np.random.default_rng(seed)
    pitch, yaw, roll = rng.uniform(-1, 1, 3) * (15, 8, 6)
    return RigidMotion.of_angles(pitch, yaw, roll, about_lps_mm, rng.uniform(-8, 8, 3))


def moved(head: DemoHead, motion: RigidMotion) -> DemoHead:
    """The head after a motion, in its header alone: the voxels stay as they are."""
    volume = Volume(head.volume.array, motion.matrix @ head.volume.affine, "PATIENT")
    return DemoHead(head.name, volume, head.pose.moved(motion))


def tilted(head: DemoHead, motion: RigidMotion) -> DemoHead:
    """The head after a motion, as a scanner samples it: sagittal, 1 mm, 176 x 240 x 240.

    The grid stays with the scanner, centred where the head's volume was; the truth moves with
    the head.

    Args:
        head: The head before.
        motion: How it moves.

    Returns:
        The head after, float32 voxels interpolated linearly, 0 outside the source.
    """
    grid = np.eye(4)
    grid[:3, :3] = _SCANNER_AXES
    middle = (np.array(_SCANNER_SHAPE) - 1) / 2
    grid[:3, 3] = np.asarray(head.volume.center_position) - _SCANNER_AXES @ middle
    to_source = np.linalg.inv(motion.matrix @ head.volume.affine) @ grid
    values = affine_transform(
        head.volume.array.astype(np.float32),
        to_source[:3, :3],
        to_source[:3, 3],
        _SCANNER_SHAPE,
        order=1,
    )
    return DemoHead(head.name, Volume(values, grid, "PATIENT"), head.pose.moved(motion))
