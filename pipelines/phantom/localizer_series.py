"""Made localizers: the few thick slices of a scout, cut from a whole head at a known pose.

The slices are straight to the scanner, as a technician's first scan is; the head lies as it lies.
The signal of a pixel is the mean over the slice thickness and over the pixel, with Rician noise.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from highdicom import Volume
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pydicom.valuerep import format_number_as_ds
from scipy.ndimage import affine_transform

from callosal.models.arrays import Array
from callosal.pipelines.dicom.write import write_mr_series

ORIENTATIONS: Final = ("sagittal", "coronal", "axial")

_AXES_LPS: Final = {
    "sagittal": ((0, 1, 0), (0, 0, -1)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "axial": ((1, 0, 0), (0, 1, 0)),
}
"""Directions along the rows and down the columns of a picture, as consoles show it."""


@dataclass(frozen=True)
class LocalizerProtocol:
    """How a scout is acquired.

    Attributes:
        n_slices: Sagittal, coronal and axial slices; 0 for an orientation that is left out.
        thickness_mm: Slice thickness.
        distance_mm: Distance of slice centres.
        pixel_mm: Side of a pixel.
        matrix: Rows and columns of a slice.
        noise: Standard deviation of the noise as a share of the bright tissue (99th percentile).
    """

    n_slices: tuple[int, int, int] = (5, 5, 5)
    thickness_mm: float = 5.0
    distance_mm: float = 10.0
    pixel_mm: float = 1.0
    matrix: int = 256
    noise: float = 0.03

    def __str__(self) -> str:
        """Such as "5+5+5, 5 mm, every 10"."""
        counts = "+".join(map(str, self.n_slices))
        return f"{counts}, {self.thickness_mm:g} mm, every {self.distance_mm:g}"


def acquire_localizer(
    head: Volume, protocol: LocalizerProtocol, isocenter_lps_mm: Array, seed: int = 0
) -> tuple[Volume, ...]:
    """The stacks of a scout of a head, the middle slices through the isocentre.

    Args:
        head: Intensities where the head lies in the scanner.
        protocol: How the slices lie.
        isocenter_lps_mm: Where the stacks cross, shape (3,).
        seed: Draws the noise.

    Returns:
        One volume for each orientation that the protocol asks for: float32, array axes (slice,
        row, column), sagittal first.
    """
    rng = np.random.default_rng(seed)
    voxels = np.asarray(head.array, np.float32)
    noise = protocol.noise * float(np.percentile(voxels, 99))
    stacks = []
    for name, count in zip(ORIENTATIONS, protocol.n_slices, strict=True):
        if count:
            grid = _grid_lps(name, count, protocol, isocenter_lps_mm)
            signal = _signal(voxels, head.affine, grid, count, protocol)
            real = signal + rng.normal(0, noise, signal.shape)
            pixels = np.hypot(real, rng.normal(0, noise, signal.shape)).astype(np.float32)
            stacks.append(Volume(pixels, grid, "PATIENT"))
    return tuple(stacks)


def write_localizer(
    stacks: Sequence[Volume],
    folder: Path,
    *,
    thickness_mm: float,
    description: str = "localizer",
    seed: int = 0,
    one_series: bool = True,
) -> list[Path]:
    """Write the stacks of a scout as classic MR DICOM, one folder for each orientation.

    Args:
        stacks: As of `acquire_localizer`.
        folder: Made if absent.
        thickness_mm: Slice thickness, which the volumes do not hold.
        description: Series Description.
        seed: Tells scouts of equal content apart.
        one_series: Whether all stacks are one series; otherwise each is one, numbered in a row.

    Returns:
        The files, in the order of the stacks and of their slices.
    """
    content = hashlib.sha256(b"".join(one.array.tobytes() for one in stacks)).hexdigest()
    entropy = ["callosal localizer", str(seed), content]
    paths: list[Path] = []
    for index, stack in enumerate(stacks):
        tags = Dataset()
        tags.StudyInstanceUID = generate_uid(entropy_srcs=[*entropy, "study"])
        tags.FrameOfReferenceUID = generate_uid(entropy_srcs=[*entropy, "frame of reference"])
        if one_series:
            tags.SeriesInstanceUID = generate_uid(entropy_srcs=[*entropy, "series"])
        tags.MRAcquisitionType = "2D"
        tags.SliceThickness = format_number_as_ds(float(thickness_mm))
        paths += write_mr_series(
            stack,
            folder / f"stack-{index + 1}",
            description=description,
            seed=seed,
            series_number=1 if one_series else index + 1,
            first_instance=len(paths) + 1 if one_series else 1,
            attributes=tags,
        )
    return paths


def _grid_lps(name: str, count: int, protocol: LocalizerProtocol, isocenter_lps_mm: Array) -> Array:
    """4x4 matrix from (slice, row, column) to LPS mm."""
    along_row, down_column = np.array(_AXES_LPS[name], float)
    matrix = np.eye(4)
    matrix[:3, 0] = np.cross(along_row, down_column) * protocol.distance_mm
    matrix[:3, 1] = down_column * protocol.pixel_mm
    matrix[:3, 2] = along_row * protocol.pixel_mm
    middle = (np.array([count, protocol.matrix, protocol.matrix]) - 1) / 2
    matrix[:3, 3] = isocenter_lps_mm - matrix[:3, :3] @ middle
    return matrix


def _signal(
    voxels: NDArray[np.float32],
    affine: Array,
    grid: Array,
    count: int,
    protocol: LocalizerProtocol,
) -> NDArray[np.float32]:
    """Means over the boxes of pixel and thickness, 0 outside of the head's volume."""
    to_voxels = np.linalg.inv(affine) @ grid
    voxel_mm = float(np.linalg.norm(affine[:3, :3], axis=0).min())
    # Samples about a voxel apart in each box: finer ones would only read the same voxels again.
    depth = max(1, round(protocol.thickness_mm / voxel_mm))
    across = max(1, round(protocol.pixel_mm / voxel_mm))
    first, last = _reach(voxels.shape, to_voxels, protocol.matrix)
    rows, columns = last - first
    box = np.array([protocol.thickness_mm / protocol.distance_mm / depth, 1 / across, 1 / across])
    signal = np.zeros((count, protocol.matrix, protocol.matrix), np.float32)
    if rows <= 0 or columns <= 0:
        return signal
    shape = (depth, int(rows) * across, int(columns) * across)
    lead = np.array([depth, across, across])
    for index in range(count):
        corner = np.array([index, *first]) - (lead - 1) / 2 * box
        samples = affine_transform(
            voxels,
            to_voxels[:3, :3] * box,
            to_voxels[:3, :3] @ corner + to_voxels[:3, 3],
            shape,
            order=1,
        )
        boxes = samples.reshape(depth, int(rows), across, int(columns), across)
        signal[index, first[0] : last[0], first[1] : last[1]] = boxes.mean(axis=(0, 2, 4))
    return signal


def _reach(
    shape: tuple[int, ...], to_voxels: Array, matrix: int
) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """First row and column that the head's volume reaches, and those after the last."""
    ends = np.stack(np.meshgrid(*((0, n - 1) for n in shape), indexing="ij"), -1).reshape(-1, 3)
    to_pixels = np.linalg.inv(to_voxels)
    pixels = ends @ to_pixels[1:3, :3].T + to_pixels[1:3, 3]
    first = np.clip(np.floor(pixels.min(axis=0)), 0, matrix).astype(int)
    last = np.clip(np.ceil(pixels.max(axis=0)) + 1, 0, matrix).astype(int)
    return first, last
