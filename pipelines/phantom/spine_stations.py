"""Stations of a made spine: what a scanner would give of it at several places of the table.

Each station has its own pixels, slices, gain, fall-off of the coil and noise, and the patient may
have moved before it. So the truth is known: the shift, the whole, and every distance in it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from highdicom import CoordinateSystemNames, Volume
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom.spine import Spine, phantom_spine


@dataclass(frozen=True)
class StationProtocol:
    """How one station is acquired.

    Attributes:
        center_lps_mm: Middle of the station.
        matrix: Rows and columns.
        pixel_mm: Side of a pixel.
        n_slices: Number of slices.
        distance_mm: Distance of slice centres.
        moved_lps_mm: How far the patient has moved since the first station: what the headers do
            not say.
        turned_deg: Turn of the patient in the plane of the slices since then, not in the headers.
        tilt_deg: Turn of the slices in their plane, which the headers do say.
        gain: Factor of all intensities.
        bias: Share of the signal that is lost at the upper and lower end of the coil.
        noise: Standard deviation of the noise, of the brightest tissue.
        is_inverted: Whether bright and dark tissue change places: another contrast.
    """

    center_lps_mm: tuple[float, float, float]
    matrix: tuple[int, int] = (256, 256)
    pixel_mm: float = 1.0
    n_slices: int = 9
    distance_mm: float = 4.0
    moved_lps_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turned_deg: float = 0.0
    tilt_deg: float = 0.0
    gain: float = 1.0
    bias: float = 0.1
    noise: float = 0.02
    is_inverted: bool = False


def acquire_station(spine: Spine, protocol: StationProtocol, seed: int = 0) -> Volume:
    """One station of a spine.

    Args:
        spine: The patient.
        protocol: How it is acquired.
        seed: Draws the noise and the tilt of the bias.

    Returns:
        Stored pixels, uint16, axes (slice, row, column).
    """
    rng = np.random.default_rng(seed)
    affine = station_affine(protocol)
    signal = true_signal(spine, affine, (protocol.n_slices, *protocol.matrix), protocol)
    brightest = float(np.percentile(spine.volume.array[::3, ::5, ::5], 99))
    if protocol.is_inverted:
        signal = np.where(signal > 0.02 * brightest, brightest * 1.05 - signal, signal)
        signal = np.maximum(signal, 0)
    signal *= protocol.gain * _bias(protocol, rng)
    noise = protocol.noise * brightest * protocol.gain
    real = signal + rng.normal(0, noise, signal.shape).astype(np.float32)
    stored = np.hypot(real, rng.normal(0, noise, signal.shape).astype(np.float32))
    pixels = np.clip(np.rint(stored), 0, 65535).astype(np.uint16)
    return Volume(pixels, affine, CoordinateSystemNames.PATIENT)


def station_affine(protocol: StationProtocol) -> Array:
    """Matrix from (slice, row, column) to LPS mm that the headers give."""
    turn = np.radians(protocol.tilt_deg)
    back = np.array([0, np.cos(turn), np.sin(turn)])
    feet = np.array([0, np.sin(turn), -np.cos(turn)])
    steps = np.array([protocol.distance_mm, protocol.pixel_mm, protocol.pixel_mm])
    affine = np.eye(4)
    affine[:3, :3] = np.stack([[-1.0, 0, 0], feet, back], axis=1) * steps
    shape = np.array([protocol.n_slices, *protocol.matrix])
    affine[:3, 3] = protocol.center_lps_mm - affine[:3, :3] @ ((shape - 1) / 2)
    return affine


def true_signal(
    spine: Spine,
    affine: Array,
    shape: tuple[int, int, int],
    protocol: StationProtocol | None = None,
) -> NDArray[np.float32]:
    """What lies at the voxels of a grid, without noise, bias and gain.

    Args:
        spine: The patient, as he lay at the first station.
        affine: Matrix from voxel indices to LPS mm.
        shape: Size of the grid.
        protocol: How the patient has moved since; not at all by default.
    """
    still = np.eye(4)
    if protocol is not None:
        turn = np.radians(protocol.turned_deg)
        cosine, sine = np.cos(turn), np.sin(turn)
        rotation = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
        center = np.array(protocol.center_lps_mm)
        # Content that moved by m is found at a place minus m.
        still[:3, :3] = rotation
        still[:3, 3] = center - rotation @ center - np.array(protocol.moved_lps_mm)
    into = np.linalg.inv(spine.volume.affine) @ still @ affine
    signal: NDArray[np.float32] = ndimage.affine_transform(
        spine.volume.array, into[:3, :3], into[:3, 3], shape, order=3, output=np.float32
    )
    return np.maximum(signal, 0)


def _bias(protocol: StationProtocol, rng: np.random.Generator) -> NDArray[np.float32]:
    """Sensitivity of the coil: less at both ends, and tilted from front to back."""
    rows, columns = (np.linspace(-1, 1, n) for n in protocol.matrix)
    ends = 1 - protocol.bias * np.abs(rows) ** 3
    tilt = 1 + 0.3 * protocol.bias * rng.uniform(-1, 1) * columns
    field = ends[:, None] * tilt
    return field[None].astype(np.float32)


def drawn_protocols(
    seed: int, n_stations: int, pixel_mm: float, height_mm: float, overlap: float
) -> list[StationProtocol]:
    """Stations of one exam from the head down, each with its own gain, bias and motion.

    Args:
        seed: Draws what differs between the stations.
        n_stations: Number of stations.
        pixel_mm: Side of a pixel; every second station has finer ones.
        height_mm: Height of a station.
        overlap: Share of the height that two neighbours have in common.
    """
    rng = np.random.default_rng(seed)
    step = height_mm * (1 - overlap)
    top = (n_stations - 1) / 2 * step
    protocols = []
    for index in range(n_stations):
        pixel = pixel_mm * (0.8 if index % 2 else 1.0)
        moved = rng.uniform(-5, 5, 2) if index else np.zeros(2)
        protocols.append(
            StationProtocol(
                center_lps_mm=(float(rng.uniform(-1, 1)), 0.0, top - index * step),
                matrix=(round(height_mm / pixel), round(0.75 * height_mm / pixel)),
                pixel_mm=pixel,
                n_slices=7,
                moved_lps_mm=(0.0, float(moved[0]), float(moved[1])),
                gain=float(rng.uniform(0.7, 1.4)),
                bias=0.25,
            )
        )
    return protocols


def write_made_exam(
    folder: Path, seed: int, n_stations: int = 3, pixel_mm: float = 0.9, height_mm: float = 240.0
) -> list[StationProtocol]:
    """Write the stations of a made spine as the series of one exam.

    Args:
        folder: Receives a folder for each station.
        seed: Draws patient, stations and noise.
        n_stations: Number of stations.
        pixel_mm: Side of a pixel.
        height_mm: Height of a station.

    Returns:
        How each station was acquired, from the head down: the truth.
    """
    protocols = drawn_protocols(seed, n_stations, pixel_mm, height_mm, overlap=0.2)
    reach = protocols[0].center_lps_mm[2] + height_mm / 2 + 15
    size_mm = (32.0, 2 * reach, 0.8 * height_mm)
    spine = phantom_spine(seed, size_mm, (2.0, pixel_mm, pixel_mm), reach)
    for index, protocol in enumerate(protocols):
        tags = Dataset()
        entropy = ["callosal spine", str(seed)]
        tags.StudyInstanceUID = generate_uid(entropy_srcs=[*entropy, "study"])
        tags.FrameOfReferenceUID = generate_uid(entropy_srcs=[*entropy, "frame of reference"])
        tags.EchoTime, tags.RepetitionTime, tags.MRAcquisitionType = "100", "3200", "2D"
        write_mr_series(
            acquire_station(spine, protocol, seed + index),
            folder / f"station-{index + 1}",
            description="T2 spine, made",
            series_number=index + 2,
            seed=seed,
            attributes=tags,
        )
    return protocols
