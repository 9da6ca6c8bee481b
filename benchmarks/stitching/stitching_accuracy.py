"""How well stations of a spine are joined: shifts, brightness, lengths, refusals, speed.

    python benchmarks/stitching/stitching_accuracy.py --exams 60 --wrong-pairs 100 --speed
    python benchmarks/stitching/stitching_accuracy.py --exams 0 --head SERIES_FOLDER --picture X.png

Made spines of known truth are cut into stations with bias, gain, noise, 0 to 8 mm of motion,
10 to 40 % overlap and three pixel sizes. A real series is cut into two stations with a bias each
and joined back. Needs scikit-image (extra `bench`), whose own registration measures the lengths.
"""

import argparse
import time
import tracemalloc
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from highdicom import Volume
from PIL import Image
from scipy import ndimage
from skimage.metrics import structural_similarity
from skimage.registration import phase_cross_correlation

from callosal.models.errors import InputError
from callosal.pipelines.console.usage import run_script
from callosal.pipelines.dicom.headers import Header, scan
from callosal.pipelines.dicom.pixels import read_volume
from callosal.pipelines.dicom.stacks import find_stacks
from callosal.pipelines.phantom.spine import Spine, phantom_spine
from callosal.pipelines.phantom.spine_stations import (
    StationProtocol,
    acquire_station,
    station_affine,
    true_signal,
)
from callosal.pipelines.stitching.common_grid import common_grid, upright
from callosal.pipelines.stitching.registration import Registration, register
from callosal.pipelines.stitching.resampling import resampled
from callosal.pipelines.stitching.settings import Blending, Matching, StitchSettings
from callosal.pipelines.stitching.stitch import Stitched, stitch

PIXELS_MM = (0.6, 0.8, 1.0)
HEIGHT_MM = 200.0
BIASES = {"bias 10 to 20 %": (0.1, 0.2), "bias 50 %": (0.5, 0.5)}
SPINES = 8


@dataclass(frozen=True)
class Outcome:
    """One exam of two stations.

    Attributes:
        shift_px: Error of the shift, in pixels of the result.
        step_pct: Step in brightness across the seam, in percent.
        length_mm: Error of the distance between the vertebrae next to the seam.
        agreement: Correlation that three of four parts of the overlap reach.
        similarity: SSIM to the truth in the overlap, brightness of both made alike.
    """

    shift_px: float
    step_pct: float
    length_mm: float
    agreement: float
    similarity: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exams", type=int, default=60, help="for each strength of the bias")
    parser.add_argument("--blending", choices=list(Blending), type=Blending, help="this one alone")
    parser.add_argument("--matching", choices=list(Matching), type=Matching, default=Matching.FIELD)
    parser.add_argument("--wrong-pairs", type=int, default=0)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--head", type=Path, help="folder of a real sagittal series")
    parser.add_argument("--picture", type=Path, help="where to keep the joined head")
    arguments = parser.parse_args()
    spines = [
        phantom_spine(seed, (28.0, 400.0, 200.0), (2.0, 0.6, 0.6))
        for seed in range(SPINES if arguments.exams or arguments.wrong_pairs else 0)
    ]
    if arguments.exams:
        ways = [arguments.blending] if arguments.blending else list(Blending)
        print_exams(
            spines, arguments.exams, [StitchSettings(arguments.matching, one) for one in ways]
        )
    if arguments.wrong_pairs:
        print_wrong_pairs(spines, arguments.wrong_pairs)
    if arguments.speed:
        print_speed()
    if arguments.head is not None:
        print_head(arguments.head, arguments.picture)


def print_exams(spines: list[Spine], count: int, ways: Iterable[StitchSettings]) -> None:
    """A line for each strength of the bias and each way to blend."""
    print("| stations | matching, blend | joined | shift error mean / max, px | step mean / max, % "
          "| length error mean / max, mm | SSIM mean / min | lowest agreement |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for name, biases in BIASES.items():
        for settings in ways:
            rng = np.random.default_rng(5)
            found = [one_exam(spines, rng, biases, settings) for _ in range(count)]
            joined = [one for one in found if one is not None]
            print(_line(name, settings, joined, count), flush=True)


def _line(name: str, settings: StitchSettings, found: list[Outcome], count: int) -> str:
    cells = [
        _both([one.shift_px for one in found]),
        _both([one.step_pct for one in found]),
        _both([one.length_mm for one in found]),
    ]
    similar = np.array([one.similarity for one in found])
    way = f"{settings.matching}, {settings.blending}"
    return (f"| {name} | {way} | {len(found)} of {count} | {' | '.join(cells)} "
            f"| {similar.mean():.4f} / {similar.min():.4f} "
            f"| {min(one.agreement for one in found):.2f} |")  # fmt: skip


def _both(values: list[float]) -> str:
    return f"{np.nanmean(values):.3f} / {np.nanmax(values):.3f}"


def drawn_pair(
    rng: np.random.Generator, biases: tuple[float, float]
) -> tuple[StationProtocol, StationProtocol]:
    """Two stations of one table, with all that may differ between them."""
    pixels = rng.choice(PIXELS_MM, 2)
    overlap_mm = HEIGHT_MM * rng.uniform(0.1, 0.4)
    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0, 8)
    moved = (0.0, reach * np.cos(angle), reach * np.sin(angle))
    rows = [round(HEIGHT_MM / pixel) for pixel in pixels]
    columns = [round(180 / pixel) for pixel in pixels]
    top = 195.0
    upper = StationProtocol(
        (0, 0, top), (rows[0], columns[0]), float(pixels[0]), 7, bias=rng.uniform(*biases),
        noise=rng.uniform(0.01, 0.05), gain=rng.uniform(0.6, 1.6),
    )  # fmt: skip
    lower = replace(
        upper, center_lps_mm=(rng.uniform(-2, 2), rng.uniform(-6, 6), top - HEIGHT_MM + overlap_mm),
        matrix=(rows[1], columns[1]), pixel_mm=float(pixels[1]), moved_lps_mm=moved,
        bias=rng.uniform(*biases), gain=rng.uniform(0.6, 1.6),
    )  # fmt: skip
    return upper, lower


def one_exam(
    spines: list[Spine],
    rng: np.random.Generator,
    biases: tuple[float, float],
    settings: StitchSettings,
) -> Outcome | None:
    """Errors of one drawn exam; None where it was refused."""
    spine = spines[rng.integers(len(spines))]
    cuts = drawn_pair(rng, biases)
    stations = [acquire_station(spine, cut, int(rng.integers(1e6))) for cut in cuts]
    try:
        joined = stitch(stations, settings)
    except InputError:
        return None
    moved = np.array(cuts[1].moved_lps_mm)
    # The lower station stays in place: what it shows has moved.
    shift = np.array(joined.stations[0].shift_lps_mm) - moved
    affine = joined.volume.affine.copy()
    affine[:3, 3] -= moved
    truth = true_signal(spine, affine, joined.volume.spatial_shape)
    rows_of = seam_rows(joined)
    row_of = rows_of[len(rows_of) // 2]
    return Outcome(
        shift_px=float(np.linalg.norm(shift) / joined.volume.spacing[1]),
        step_pct=100 * step(joined, ideal_of(joined, spine, cuts, rows_of), rows_of),
        length_mm=length_error_mm(joined, truth, spine, moved, row_of),
        agreement=min(j.registration.agreement for j in joined.joints if j.registration),
        similarity=similarity(joined, truth, row_of),
    )


def seam_rows(joined: Stitched) -> np.ndarray:
    """Row of the seam in each column of each slice; without one the middle of the overlap."""
    volume = joined.volume
    shape = (volume.spatial_shape[0], volume.spatial_shape[2])
    if not joined.seams_lps_mm:
        edge = joined.stations[1].geometry.map_indices_to_reference(np.array([[0, -0.5, 0]]))
        first = volume.map_reference_to_indices(edge)[0, 1]
        return np.full(shape, first + joined.joints[0].height_mm / 2 / volume.spacing[1])
    seam = joined.seams_lps_mm[0]
    at = volume.map_reference_to_indices(seam.reshape(-1, 3)).reshape(seam.shape)
    slices = np.clip(np.round(at[:, 0, 0]).astype(int), 0, shape[0] - 1)
    rows = np.full(shape, np.nan)
    for index, line in zip(slices, at, strict=True):
        rows[index] = np.interp(np.arange(shape[1]), line[:, 2], line[:, 1])
    return np.where(np.isnan(rows), rows[slices[len(slices) // 2]], rows)


def ideal_of(
    joined: Stitched,
    spine: Spine,
    cuts: tuple[StationProtocol, StationProtocol],
    rows_of: np.ndarray,
) -> np.ndarray:
    """What the result would be without gain, bias and noise, the upper station down to the seam.

    Slices between those of a station are blurred by interpolation, which dims what is thin and
    bright. That is no fault of the brightness, so it is part of what the result is held against.
    """
    grid = joined.volume.get_geometry()
    parts = []
    for station, cut in zip(joined.stations, cuts, strict=True):
        shape = (cut.n_slices, *cut.matrix)
        signal = true_signal(spine, station_affine(cut), shape, cut)
        affine = station_affine(cut)
        affine[:3, 3] += station.shift_lps_mm
        parts.append(resampled(Volume(signal, affine, "PATIENT"), grid)[0])
    rows = np.arange(grid.spatial_shape[1])[:, None]
    return np.where(rows < rows_of[:, None], *parts)


def step(joined: Stitched, truth: np.ndarray, rows_of: np.ndarray) -> float:
    """Step in the ratio of brightness to the ideal at the seam, what is smooth taken out.

    On either side of the blend a line is fitted to the ratio over 10 mm; the step is how far the
    two lines lie apart at the seam.
    """
    image, spacing = joined.volume.array, joined.volume.spacing[1]
    below_mm = (np.arange(image.shape[1])[:, None] - rows_of[:, None]) * spacing
    # Noise lifts dark tissue, by its square over the signal.
    tissue = (truth > 0.35 * np.percentile(truth, 99)) & joined.covered
    ends = []
    for sign in (-1, 1):
        places, ratios = [], []
        for start in np.arange(4, 14, 2.0):
            inside = tissue & (sign * below_mm >= start) & (sign * below_mm < start + 2)
            if inside.sum() > 500:
                places.append(start + 1)
                ratios.append(image[inside].sum() / truth[inside].sum())
        ends.append(np.polyval(np.polyfit(places, ratios, 1), 0))
    return abs(ends[0] / ends[1] - 1)


def length_error_mm(
    joined: Stitched, truth: np.ndarray, spine: Spine, moved: np.ndarray, row_of: np.ndarray
) -> float:
    """Error of the distance between the vertebrae above and below the seam."""
    volume = joined.volume
    at = volume.map_reference_to_indices(spine.vertebrae_lps_mm + moved)
    seam = np.interp(at[:, 2], np.arange(len(row_of)), row_of)
    apart = (at[:, 1] - seam) * volume.spacing[1]
    half = round(16 / volume.spacing[1])
    fits = (at[:, 1] > half) & (at[:, 1] < volume.spatial_shape[1] - half)
    above, below = np.flatnonzero((apart < -8) & fits), np.flatnonzero((apart > 8) & fits)
    if not above.size or not below.size:
        return float("nan")
    middle = volume.spatial_shape[0] // 2
    moves = []
    for index in (above[-1], below[0]):
        row, column = np.round(at[index, 1:]).astype(int)
        where = (slice(row - half, row + half), slice(max(0, column - half), column + half))
        found = phase_cross_correlation(
            truth[middle][where], volume.array[middle][where], upsample_factor=50
        )[0]
        moves.append(np.array(found))
    first, second = at[above[-1], 1:], at[below[0], 1:]
    axis = (second - first) / np.linalg.norm(second - first)
    return float(abs((moves[1] - moves[0]) @ axis) * volume.spacing[1])


def similarity(joined: Stitched, truth: np.ndarray, row_of: np.ndarray) -> float:
    """SSIM on the middle slice within 20 mm of the seam, smooth brightness made alike."""
    middle = joined.volume.spatial_shape[0] // 2
    reach = round(20 / joined.volume.spacing[1])
    low, high = int(row_of.min()) - reach, int(row_of.max()) + reach
    rows = slice(max(0, low), high)
    image, true = joined.volume.array[middle, rows], truth[middle, rows]
    sigma = 10 / joined.volume.spacing[1]
    field = ndimage.gaussian_filter(image, sigma) / (ndimage.gaussian_filter(true, sigma) + 5)
    image = image / np.maximum(field, 0.05)
    return float(structural_similarity(image, true, data_range=float(np.percentile(true, 99.9))))


def print_wrong_pairs(spines: list[Spine], count: int) -> None:
    """Stations of two patients under one name."""
    rng = np.random.default_rng(17)
    codes: dict[str, int] = {}
    nearest: list[Registration] = []
    for _ in range(count):
        one, two = rng.choice(len(spines), 2, replace=False)
        cuts = drawn_pair(rng, (0.05, 0.5))
        stations = [
            acquire_station(spines[who], cut, int(rng.integers(1e6)))
            for who, cut in zip((one, two), cuts, strict=True)
        ]
        turned = [upright(station) for station in stations]
        found = register(turned[0], turned[1], common_grid(turned, 1))
        nearest += [] if found is None else [found]
        try:
            stitch(stations)
            codes["joined"] = codes.get("joined", 0) + 1
        except InputError as error:
            codes[error.code] = codes.get(error.code, 0) + 1
    print(f"wrong pairs: {count - codes.get('joined', 0)} of {count} refused {codes}; highest "
          f"correlation {max(one.correlation for one in nearest):.2f}, highest agreement "
          f"{max(one.agreement for one in nearest):.2f}")  # fmt: skip


def print_speed() -> None:
    """Three stations of 15 slices of 512 x 512."""
    spine = phantom_spine(3, (64.0, 900.0, 330.0), (4.0, 1.0, 1.0))
    cuts = [
        StationProtocol((0, 0, z), (512, 512), 0.65, 15, moved_lps_mm=(0, 2.0 * i, -1.5 * i),
                        gain=1 + 0.2 * i)
        for i, z in enumerate((133.0, -140.0, -413.0))
    ]  # fmt: skip
    stations = [acquire_station(spine, cut, i) for i, cut in enumerate(cuts)]
    walls, cpus = [], []
    for _ in range(5):
        start, used = time.perf_counter(), time.process_time()
        joined = stitch(stations)
        walls.append(time.perf_counter() - start)
        cpus.append(time.process_time() - used)
    tracemalloc.start()
    stitch(stations)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    given = sum(station.array.nbytes for station in stations)
    result = joined.volume.array.nbytes
    shape = " x ".join(map(str, joined.volume.spatial_shape))
    print(f"speed: {shape} voxels in {min(walls):.2f} s (processor time {min(cpus):.2f} s, "
          f"best of 5); memory {peak / 2**20:.0f} MiB and {given / 2**20:.0f} MiB of input, "
          f"{(peak + given) / result:.2f} times the result of {result / 2**20:.0f} MiB; "
          f"reasons {joined.reasons}")  # fmt: skip


def print_head(folder: Path, picture: Path | None) -> None:
    """A real series cut into two stations with a bias each, joined back."""
    headers = [header for header in scan(folder) if isinstance(header, Header)]
    stack = max(find_stacks(headers), key=lambda found: len(found.planes))
    whole = upright(read_volume(stack))
    middle = whole.spatial_shape[0] // 2
    whole = whole[middle - 20 : middle + 20]
    rows = whole.spatial_shape[1]
    upper, lower = whole[:, : round(0.62 * rows)], whole[:, round(0.38 * rows) :]
    for name, shift_mm in (("as cut", 0.0), ("lower station 2.3 mm off", 2.3)):
        stations = [_biased(upper, 0.3, 1.0), _displaced(_biased(lower, 0.3, 1.4), shift_mm)]
        joined = stitch(stations)
        # All is counted in the frame of the upper station, which was not moved.
        back = -np.array(joined.stations[0].shift_lps_mm)
        grid = joined.volume.affine.copy()
        grid[:3, 3] += back
        into = np.linalg.inv(whole.affine) @ grid
        truth = ndimage.affine_transform(
            whole.array.astype(np.float32), into[:3, :3], into[:3, 3], joined.volume.spatial_shape,
            order=3, mode="nearest",
        )  # fmt: skip
        found = joined.joints[0].registration
        print(f"head, {name}: SSIM in the overlap {_overlap_similarity(joined, truth):.4f}; "
              f"shift found {0 if found is None else found.down_mm:.2f} mm, "
              f"correlation {0 if found is None else found.correlation:.3f}, "
              f"reasons {joined.reasons}")  # fmt: skip
    if picture is not None:
        pair = [joined.volume.array[20], truth[20]]
        shown = [np.clip(one / np.percentile(one, 99.5) * 255, 0, 255) for one in pair]
        Image.fromarray(np.hstack(shown).astype(np.uint8)).save(picture)


def _biased(station: Volume, bias: float, gain: float) -> Volume:
    """Dimmer by a share at its upper and lower end, and brighter on the whole."""
    along = np.linspace(-1, 1, station.spatial_shape[1])[:, None]
    across = np.linspace(-1, 1, station.spatial_shape[2])
    field = gain * (1 - bias * np.abs(along) ** 3) * (1 + 0.3 * bias * gain * across)
    return station.with_array((station.array * field).astype(np.float32))


def _displaced(station: Volume, shift_mm: float) -> Volume:
    """A header that is wrong by a shift toward the head."""
    affine = station.affine.copy()
    affine[:3, 3] -= affine[:3, 1] / np.linalg.norm(affine[:3, 1]) * shift_mm
    return Volume(
        station.array, affine, "PATIENT", frame_of_reference_uid=station.frame_of_reference_uid
    )


def _overlap_similarity(joined: Stitched, truth: np.ndarray) -> float:
    """SSIM to the whole in the overlap, mean of the slices."""
    volume = joined.volume
    ends = []
    for station, row in zip(joined.stations, (-0.5, 0.5), strict=True):
        edge = station.geometry.spatial_shape[1] + row if row < 0 else row
        place = station.geometry.map_indices_to_reference(np.array([[0, edge, 0]]))
        ends.append(float(volume.map_reference_to_indices(place)[0, 1]))
    rows = slice(round(min(ends)), round(max(ends)))
    top = float(np.percentile(truth, 99.9))
    # One factor for all: the level of the whole is that of no station.
    inside = (slice(None), rows)
    factor = float((truth[inside] * volume.array[inside]).sum() / (volume.array[inside] ** 2).sum())
    return float(np.mean([
        structural_similarity(volume.array[i, rows] * factor, truth[i, rows], data_range=top)
        for i in range(len(truth))
    ]))  # fmt: skip


if __name__ == "__main__":
    run_script(main)
