"""Stations of one exam joined to one volume."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from highdicom import Volume, VolumeGeometry
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.pipelines.stitching.canvas import Canvas
from callosal.pipelines.stitching.common_grid import (
    MAX_TILT_DEG,
    common_grid,
    moved,
    plane_of,
    reach_mm,
    tilt_deg,
    upright,
)
from callosal.pipelines.stitching.joint import Joint, judge
from callosal.pipelines.stitching.registration import register
from callosal.pipelines.stitching.settings import StitchSettings

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PlacedStation:
    """A station in the result.

    Attributes:
        index: Its number among those given, from 0.
        geometry: Its voxels where they lie in the result.
        shift_lps_mm: How far it was moved from where its headers place it.
        gain: Factor of its intensities.
    """

    index: int
    geometry: VolumeGeometry
    shift_lps_mm: tuple[float, float, float]
    gain: float


@dataclass(frozen=True, eq=False)
class Stitched:
    """Stations joined.

    Attributes:
        volume: Intensities, float32, axes (slice, row, column), 0 where no station reaches.
        covered: Where a station reaches.
        stations: The stations of the result, from the head down.
        joints: Where neighbours meet, from the head down; one less than stations.
        refused: Joints at which the exam was parted, so that further stations are not part of
            this result.
        seams_lps_mm: Points of the seam of each joint that overlaps, (slices, columns, 3).
        empty_share: Share of the voxels that no station reaches.
    """

    volume: Volume
    covered: Mask
    stations: tuple[PlacedStation, ...]
    joints: tuple[Joint, ...]
    refused: tuple[Joint, ...]
    seams_lps_mm: tuple[Array, ...]
    empty_share: float

    @property
    def confidence(self) -> float:
        """0 to 1, the least of the joints'."""
        return min((joint.confidence for joint in self.joints), default=0.0)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Codes of what lowers the confidence, each once."""
        codes = [code for joint in self.joints for code in joint.reasons]
        codes += [joint.refusal for joint in self.refused]
        return tuple(dict.fromkeys(codes))


def stitch(stations: Sequence[Volume], settings: StitchSettings | None = None) -> Stitched:
    """Join the stations of one exam.

    The station in the middle stays where it is and as bright as it is; the others follow it. Of
    an exam that is parted by a pair that may not be joined, the longest run of stations is joined.

    Args:
        stations: Two or more volumes of axes (slice, row, column) in one frame of reference, in
            any order.
        settings: How they are joined.

    Raises:
        InputError: They cannot be joined: `too_few_stations`, `not_along_table`,
            `other_orientation`, `no_overlap`, `repeated_station`, or the code of the first pair
            that was refused where no pair may be joined.

    Example:
        >>> from callosal.pipelines.phantom.spine import phantom_spine
        >>> from callosal.pipelines.phantom.spine_stations import StationProtocol, acquire_station
        >>> spine = phantom_spine(1, (12, 300, 160), (4, 1, 1))
        >>> cuts = [StationProtocol((0, 0, z), (160, 160), 1.0, 3) for z in (220, 90)]
        >>> joined = stitch([acquire_station(spine, cut) for cut in cuts])
        >>> len(joined.stations), joined.volume.spatial_shape, joined.reasons
        (2, (3, 290, 160), ())
    """
    chosen = settings or StitchSettings()
    ordered = _ordered(stations)
    grid = common_grid([one for _, one in ordered], len(ordered) // 2)
    joints = tuple(
        _joint(index, ordered[index][1], ordered[index + 1][1], grid, chosen)
        for index in range(len(ordered) - 1)
    )
    first, last = _longest_run(joints)
    if first == last:
        raise _unjoinable(joints)
    part = ordered[first : last + 1]
    inner = joints[first:last]
    refused = tuple(joint for joint in joints if not joint.is_joined)
    return _joined(part, inner, refused, chosen)


def _ordered(stations: Sequence[Volume]) -> list[tuple[int, Volume]]:
    """Stations from the head down, with their numbers."""
    if len(stations) < 2:
        raise InputError(
            f"{len(stations)} station: two at least are needed to join", "too_few_stations"
        )
    turned = [upright(one) for one in stations]
    first = turned[0]
    for one in turned[1:]:
        angle = tilt_deg(first, one)
        if plane_of(one) != plane_of(first) or angle > MAX_TILT_DEG:
            raise InputError(
                f"the stations lie {angle:.0f} degrees from each other ({plane_of(first)} and "
                f"{plane_of(one)}); {MAX_TILT_DEG:g} are allowed",
                "other_orientation",
            )
    down = np.asarray(first.direction)[:, 1]
    places = [float(np.mean(reach_mm(one, down))) for one in turned]
    return [(int(index), turned[index]) for index in np.argsort(places, kind="stable")]


def _joint(
    index: int, upper: Volume, lower: Volume, grid: VolumeGeometry, settings: StitchSettings
) -> Joint:
    down = np.asarray(grid.direction)[:, 1]
    above, below = reach_mm(upper, down), reach_mm(lower, down)
    height_mm = above[1] - below[0]
    if height_mm > 0.9 * min(above[1] - above[0], below[1] - below[0]):
        return Joint(
            index, height_mm, None, "repeated_station",
            message=f"stations {index + 1} and {index + 2}: show the same place; leave one out",
        )  # fmt: skip
    found = register(upper, lower, grid) if height_mm > 0 else None
    return judge(index, height_mm, found, settings)


def _longest_run(joints: Sequence[Joint]) -> tuple[int, int]:
    """First and last station of the longest run of which each pair is joined; the first of equals.

    A run of gaps alone is none.
    """
    best, start = (0, 0), 0
    for end in range(len(joints) + 1):
        if end == len(joints) or not joints[end].is_joined:
            run = joints[start:end]
            if end - start > best[1] - best[0] and any(joint.height_mm > 0 for joint in run):
                best = (start, end)
            start = end + 1
    return best


def _unjoinable(joints: Sequence[Joint]) -> InputError:
    for joint in joints:
        if joint.refusal:
            return InputError(joint.message, joint.refusal)
    return InputError("the stations do not overlap along the table", "no_overlap")


def _joined(
    part: Sequence[tuple[int, Volume]],
    joints: Sequence[Joint],
    refused: tuple[Joint, ...],
    settings: StitchSettings,
) -> Stitched:
    reference = len(part) // 2
    shifts = _accumulated(
        [np.zeros(3) if j.registration is None else np.array(j.registration.shift_lps_mm)
         for j in joints], reference,
    )  # fmt: skip
    volumes = [
        Volume(one.array, moved(one, shift).affine, "PATIENT",
               frame_of_reference_uid=one.frame_of_reference_uid)
        for (_, one), shift in zip(part, shifts, strict=True)
    ]  # fmt: skip
    grid = common_grid(volumes, reference)
    canvas = Canvas.blank(grid)
    told, seams = [], []
    for number, volume in enumerate(volumes):
        joint = joints[number - 1] if number else None
        meeting = canvas.lay(volume, volumes[number - 1] if number else None, settings)
        if joint is not None:
            told.append(replace(joint, gain_log=meeting.gain_log))
            seams += [] if meeting.seam_lps_mm is None else [meeting.seam_lps_mm]
    gains = np.exp(_accumulated([np.full(1, joint.gain_log or 0.0) for joint in told], reference))
    # The first station was as it is; now the one in the middle is.
    canvas.image *= np.float32(gains[0, 0])
    placed = tuple(
        PlacedStation(index, _bare(volume), _triple(shift), float(gain[0]))
        for (index, _), volume, shift, gain in zip(part, volumes, shifts, gains, strict=True)
    )
    return Stitched(
        volume=Volume(canvas.image, grid.affine, "PATIENT",
                      frame_of_reference_uid=grid.frame_of_reference_uid),
        covered=canvas.covered,
        stations=placed,
        joints=tuple(told),
        refused=refused,
        seams_lps_mm=tuple(seams),
        empty_share=float(1 - canvas.covered.mean()),
    )  # fmt: skip


def _accumulated(steps: Iterable[Array], reference: int) -> Array:
    """Sums of the steps from neighbour to neighbour, 0 at the reference."""
    steps = list(steps)
    sums = np.cumsum([np.zeros_like(steps[0]), *steps], axis=0)
    return np.asarray(sums - sums[reference])


def _bare(volume: Volume) -> VolumeGeometry:
    return VolumeGeometry(
        volume.affine, volume.spatial_shape, volume.coordinate_system,
        volume.frame_of_reference_uid,
    )  # fmt: skip


def _triple(values: Array) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
