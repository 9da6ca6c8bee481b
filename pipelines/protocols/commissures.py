"""The anterior and the posterior commissure, found by their look on the midsagittal slice.

The neighbourhood of each commissure on the MNI152 average head is compared with the slice at every
place about where the callosum says the commissure should be, at several angles and sizes. The two
are chosen together: their distance varies little between people. What does not look alike, or
lies where no commissure does, is refused.
"""

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from callosal.models.arrays import Array
from callosal.pipelines.geometry.rotated_box import Point
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.protocols.callosal_frame import CallosalFrame, rotation

STEP_MM: Final = 0.5
PATCH_STEP_MM: Final = 1.0
PATCH_RADIUS_MM: Final = 12.0
REACH_MM: Final = 9.0
TURNS_DEG: Final = (-12.0, -6.0, 0.0, 6.0, 12.0)
SIZES: Final = (0.92, 1.0, 1.08)
WEIGHT_MM: Final = (7.0, 3.5)
"""Widths of the two weights of a patch: its surroundings find the place, its middle sets it."""

PRIOR_SCALE_MM: Final = 4.0
PRIOR_COST: Final = 0.03
"""What a place so far from the expected one loses of its likeness."""

DISTANCE_MM: Final = 26.6
DISTANCE_SD_MM: Final = 1.5
DISTANCE_COST: Final = 0.03
"""Distance of the commissures: 26.6 mm, standard deviation 1.2 mm, of 16 people (AFIDs, OASIS-1),
and a little for the pixels."""

SHORTEST_MM: Final = 21.5
LONGEST_MM: Final = 32.0
LEAST_LIKENESS: Final = 0.6
LEAST_MEAN_LIKENESS: Final = 0.7
CANDIDATES: Final = 40
SMOOTH_MM: Final = 0.7


@dataclass(frozen=True)
class Commissures:
    """Centres of both commissures on a slice.

    Attributes:
        ac_mm: Anterior commissure (x, y) in the slice.
        pc_mm: Posterior commissure.
        likeness: Correlation of their surroundings with the average head, the lower of the two.
        is_found: Whether they look and lie as commissures do; what is refused is not to be used.
    """

    ac_mm: Point
    pc_mm: Point
    likeness: float
    is_found: bool

    @property
    def angle_deg(self) -> float:
        """Tilt of the line through both, positive when the anterior end is higher."""
        return math.degrees(
            math.atan2(self.ac_mm[1] - self.pc_mm[1], self.ac_mm[0] - self.pc_mm[0])
        )

    @property
    def center_mm(self) -> Point:
        """The point midway between them."""
        return (self.ac_mm[0] + self.pc_mm[0]) / 2, (self.ac_mm[1] + self.pc_mm[1]) / 2


@dataclass(frozen=True, eq=False)
class _Template:
    """What is known of the commissures.

    Attributes:
        images: Their surroundings along the frame of the callosum, anterior to the left, in
            steps of 0.5 mm, shape (2, N, N).
        places: Where they lie in that frame, in lengths of the callosum, shape (2, 2).
        length_mm: Length of the callosum they were taken from.
    """

    images: Array
    places: Array
    length_mm: float


def find_commissures(slice_image: SliceImage, frame: CallosalFrame) -> Commissures:
    """Look for both commissures.

    Args:
        slice_image: The midsagittal slice, cut from a volume; T1-weighted, or it is refused.
        frame: Where the callosum lies in it.
    """
    template = _template()
    places, likeness = zip(
        *(_candidates(slice_image, frame, which) for which in range(2)), strict=True
    )
    best, chosen = -math.inf, (0, 0)
    cost = [_prior_cost(places[i], _expected_mm(template, frame, i)) for i in range(2)]
    for i, j in product(range(len(places[0])), range(len(places[1]))):
        away = (math.dist(places[0][i], places[1][j]) - DISTANCE_MM) / DISTANCE_SD_MM
        value = likeness[0][i] - cost[0][i] + likeness[1][j] - cost[1][j]
        value -= DISTANCE_COST * away * away
        if value > best:
            best, chosen = value, (i, j)
    ac, pc = (frame.to_slice_mm(places[which][chosen[which]]) for which in range(2))
    found = [float(likeness[which][chosen[which]]) for which in range(2)]
    is_found = (
        min(found) >= LEAST_LIKENESS
        and sum(found) / 2 >= LEAST_MEAN_LIKENESS
        and SHORTEST_MM <= math.dist(ac, pc) <= LONGEST_MM
    )
    return Commissures(
        (float(ac[0]), float(ac[1])), (float(pc[0]), float(pc[1])), min(found), is_found
    )


def _candidates(slice_image: SliceImage, frame: CallosalFrame, which: int) -> tuple[Array, Array]:
    """The places that look most alike, in the frame, shape (N, 2), and how alike, shape (N,)."""
    expected = _expected_mm(_template(), frame, which)
    side = round(REACH_MM / STEP_MM)
    margin = round(PATCH_RADIUS_MM / STEP_MM)
    steps = np.arange(side + margin, -side - margin - 1, -1) * STEP_MM
    grid = expected + np.stack(np.meshgrid(steps, steps), axis=-1)
    rows_columns = slice_image.mm_to_pixels(frame.to_slice_mm(grid))
    sigma = SMOOTH_MM / np.array(slice_image.spacing_mm)
    smooth = ndimage.gaussian_filter(slice_image.pixels.astype(np.float32), sigma)
    pixels = ndimage.map_coordinates(smooth, np.moveaxis(rows_columns, -1, 0), order=1,
                                     mode="nearest")  # fmt: skip
    width = 2 * margin + 1
    stride = round(PATCH_STEP_MM / STEP_MM)
    windows = np.lib.stride_tricks.sliding_window_view(pixels, (width, width))
    patches = windows[..., ::stride, ::stride].reshape((2 * side + 1) ** 2, -1).astype(float)
    likeness = np.mean([_likeness(patches, which, mm) for mm in WEIGHT_MM], axis=0)
    middle = steps[margin:-margin]
    places = expected + np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
    best = np.argsort(_prior_cost(places, expected) - likeness)[:CANDIDATES]
    return places[best], likeness[best]


def _likeness(patches: Array, which: int, weight_mm: float) -> Array:
    """Highest weighted correlation of each patch with the turned and resized templates."""
    offsets = _patch_offsets_mm()
    weight = np.exp(-(offsets**2).sum(axis=1) / (2 * weight_mm**2))
    weight /= weight.sum()
    models = _turned_templates(which)
    models = models - models @ weight[:, None]
    models /= np.sqrt(models**2 @ weight)[:, None]
    mean = patches @ weight
    spread = np.sqrt(np.maximum(patches**2 @ weight - mean**2, 1e-12))
    return np.asarray(((patches @ (models * weight).T) / spread[:, None]).max(axis=1))


def _expected_mm(template: _Template, frame: CallosalFrame, which: int) -> Array:
    """Where a commissure should lie; half of what the callosum differs in length counts."""
    length_mm = (template.length_mm + frame.length_mm) / 2
    return np.asarray(template.places[which] * length_mm)


def _prior_cost(places_mm: Array, expected_mm: Array) -> Array:
    away = (places_mm - expected_mm) / PRIOR_SCALE_MM
    return np.asarray(PRIOR_COST * (away**2).sum(axis=-1))


def _patch_offsets_mm() -> Array:
    """Places of a patch about its middle, anterior first, superior first, shape (N, 2)."""
    steps = np.arange(PATCH_RADIUS_MM, -PATCH_RADIUS_MM - 1e-6, -PATCH_STEP_MM)
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)


@cache
def _turned_templates(which: int) -> NDArray[np.float64]:
    """The surroundings of a commissure at all angles and sizes, shape (15, N)."""
    image = _template().images[which]
    middle = (image.shape[0] - 1) / 2
    rows = []
    for turn_deg, size in product(TURNS_DEG, SIZES):
        # A place of the slice's patch is one of the template turned back and resized back.
        offsets = _patch_offsets_mm() @ rotation(turn_deg) / size
        at = middle - offsets[:, ::-1].T / STEP_MM
        rows.append(ndimage.map_coordinates(image, at, order=1, mode="nearest"))
    return np.array(rows)


@cache
def _template() -> _Template:
    path = files("callosal.pipelines.protocols").joinpath("commissures.npz")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return _Template(
            arrays["images"].astype(float), arrays["places"], float(arrays["length_mm"])
        )
