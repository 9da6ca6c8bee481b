"""Finding the callosum on slice images: the network's map, its component, outline and quality."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from callosal.export.runtime import MIN_SIDE, Segmenter
from callosal.models.arrays import Array
from callosal.models.errors import GeometryError
from callosal.pipelines.callosum.close_views import look_closely
from callosal.pipelines.callosum.common_resolution import at_common_resolution
from callosal.pipelines.callosum.finding import find_finding
from callosal.pipelines.callosum.quality import SURE, MaskFacts, Quality, judge, measure_mask
from callosal.pipelines.geometry.reference_line import (
    LineKind,
    ReferenceLine,
    find_reference_line,
)
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage, resampled_pixels
from callosal.pipelines.morphometry.measures import Morphometry, measure
from callosal.pipelines.morphometry.missing_parts import without_parts
from callosal.pipelines.outline.contour import LEVEL, callosum_component, find_contours_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.outline.surroundings import is_brighter, is_dark_as_air

Map = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Outline:
    """Where a callosum lies on a slice.

    Attributes:
        component: Probability map with every other component erased, shape (H, W).
        contour_mm: Smooth outer outline, shape (N, 2).
        box: Minimum-area rectangle.
    """

    component: Array
    contour_mm: Array
    box: RotatedBox

    @property
    def mask(self) -> NDArray[np.uint8]:
        """1 where the probability reaches the level, shape (H, W)."""
        return (self.component >= LEVEL).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Callosum:
    """What was taken for the callosum on one slice.

    Attributes:
        slice_image: The slice.
        component: Probability map with every other component erased, shape (H, W).
        contour_mm: Smooth outer outline, shape (N, 2).
        box: Minimum-area rectangle.
        facts: What was measured on the mask.
        quality: How far it can be trusted: `confidence` from 0 to 1 and `reasons`.
        picture: Draws the slice with outline and box, as PNG; None where nobody looks at it.

    Example:
        >>> import callosal
        >>> from callosal.pipelines.phantom import phantom_slice
        >>> pixels, truth = phantom_slice(7)
        >>> callosum = callosal.Planner(device="cpu").segment(pixels, spacing_mm=(1.0, 1.0))
        >>> callosum.mask.shape, bool(callosum.mask[truth == 1].mean() > 0.8)
        ((256, 256), True)
        >>> callosum.measure().area_mm2 > 300
        True
    """

    slice_image: SliceImage
    component: Array
    contour_mm: Array
    box: RotatedBox
    facts: MaskFacts
    quality: Quality
    picture: Callable[[], bytes] | None = None

    @property
    def mask(self) -> NDArray[np.uint8]:
        """1 where the probability reaches the level, shape (H, W)."""
        return (self.component >= LEVEL).astype(np.uint8)

    @property
    def is_bright(self) -> bool:
        """Whether it is brighter than its surroundings, as on T1-weighted images."""
        return is_brighter(self.component >= LEVEL, self.slice_image)

    def line(self, kind: LineKind | str = LineKind.SUBCALLOSAL) -> ReferenceLine:
        """The reference line of a kind.

        Raises:
            GeometryError: The outline is degenerate.
        """
        return find_reference_line(kind, self.contour_mm, self.box)

    def measure(self, line: ReferenceLine | None = None) -> Morphometry:
        """Every measure of docs/reference/measures.md, less those that need a missing part.

        Args:
            line: Above which the height is measured; None for the subcallosal line.

        Raises:
            GeometryError: The outline encloses no area.
        """
        above = self.line() if line is None else line
        found = measure(self.contour_mm, self.component, self.slice_image, self.box, above)
        return without_parts(found, find_finding(found).missing)

    def on_grid(self, slice_image: SliceImage) -> "Callosum":
        """The callosum with its map on pixels of another size; outline and box stay.

        Args:
            slice_image: The new grid, in the same plane and about the same centre.
        """
        step = np.array(slice_image.spacing_mm) / np.array(self.slice_image.spacing_mm)
        component = resampled_pixels(
            self.component.astype(np.float32), step, slice_image.pixels.shape
        )
        return replace(self, slice_image=slice_image, component=component.astype(float))

    def _repr_png_(self) -> bytes | None:
        """The picture that a notebook shows; None, and so the text, where there is none."""
        return None if self.picture is None else self.picture()


def best_callosum(found: Sequence[Callosum | None]) -> Callosum | None:
    """The most trusted callosum of several slices, or None when none shows any."""
    # Among equally trusted slices the largest callosum lies nearest the middle.
    return max(
        (callosum for callosum in found if callosum is not None),
        key=lambda callosum: (callosum.quality.confidence, callosum.facts.area_mm2),
        default=None,
    )


def find_callosa(slices: Sequence[SliceImage], segmenter: Segmenter) -> list[Callosum | None]:
    """The callosum of each slice, or None where it shows none.

    Args:
        slices: At least one, all of one shape, at the model's pixel size.
        segmenter: Opened model.
    """
    return find_callosa_on([at_common_resolution(one) for one in slices], slices, segmenter)


def find_callosa_on(
    pixels: Sequence[Map], slices: Sequence[SliceImage], segmenter: Segmenter
) -> list[Callosum | None]:
    """The callosum of each slice on given pixels, or None where they show none.

    It is found on the whole slice and then looked at closely (`look_closely`). Where that ends in
    doubt, what the whole slice alone shows counts if it is trusted more.

    Args:
        pixels: What the network sees of each slice, shape (H, W).
        slices: At least one, all of one shape, at the model's pixel size.
        segmenter: Opened model.
    """
    maps = _maps(pixels, segmenter)
    centers = [found_center(*seen) for seen in zip(maps, slices, strict=True)]
    closer = look_closely(pixels, maps, centers, segmenter)
    return [_more_trusted(*seen) for seen in zip(closer, maps, slices, strict=True)]


def glance_at(slices: Sequence[SliceImage], segmenter: Segmenter) -> list[Callosum | None]:
    """The callosum of each slice as the network sees it on the whole slice, without close views.

    Args:
        slices: At least one, all of one shape, at the model's pixel size.
        segmenter: Opened model.
    """
    maps = _maps([at_common_resolution(one) for one in slices], segmenter)
    return [outline_callosum(*seen) for seen in zip(maps, slices, strict=True)]


def found_center(probability: Map, slice_image: SliceImage) -> tuple[int, int] | None:
    """Pixel (row, column) in the middle of what may be a callosum.

    Args:
        probability: The network's map on the slice, shape (H, W).
        slice_image: The slice.

    Returns:
        The pixel, or None: nothing may be a callosum, or it is as dark as air, as on a T1 whose
        contrast was inverted. Of those the network knows more when it sees the whole slice.
    """
    try:
        inside = callosum_component(probability, slice_image) >= LEVEL
    except GeometryError:
        return None
    if is_dark_as_air(inside, slice_image):
        return None
    row, column = np.mean(np.nonzero(inside), axis=1)
    return round(float(row)), round(float(column))


def _more_trusted(closer: Map, whole: Map, slice_image: SliceImage) -> Callosum | None:
    """The callosum of the closer look, or of the whole slice where only that can be trusted."""
    found = outline_callosum(closer, slice_image)
    if closer is whole or (found is not None and found.quality.confidence >= SURE):
        return found
    return best_callosum([found, outline_callosum(whole, slice_image)])


def _maps(pixels: Sequence[Map], segmenter: Segmenter) -> list[Map]:
    images = np.stack([_padded(one) for one in pixels])[:, None]
    height, width = pixels[0].shape
    return list(segmenter.probability(images)[:, 0, :height, :width])


def _padded(pixels: Map) -> Map:
    """Fill up with zeros below and to the right to the smallest size a network takes."""
    missing = [(0, max(0, MIN_SIDE - side)) for side in pixels.shape]
    return np.pad(pixels, missing)


def outline_callosum(probability: Map, slice_image: SliceImage) -> Callosum | None:
    """The callosum of a network's map on a slice, or None where it shows none.

    Args:
        probability: Map on the grid of the slice, shape (H, W).
        slice_image: The slice.
    """
    outline = find_outline(probability, slice_image)
    if outline is None:
        return None
    component, contour_mm, box = outline.component, outline.contour_mm, outline.box
    facts = measure_mask(probability, component, contour_mm, box, slice_image)
    return Callosum(slice_image, component, contour_mm, box, facts, judge(facts))


def find_outline(probability: Map, slice_image: SliceImage) -> Outline | None:
    """Where the callosum of a network's map lies, unjudged; as for `outline_callosum`."""
    try:
        component = callosum_component(probability, slice_image)
        contour_mm = smooth_contour_mm(find_contours_mm(component, slice_image)[0])
        return Outline(component, contour_mm, RotatedBox.around(contour_mm))
    except (GeometryError, IndexError):
        # No pixel, or a speck without an outline: there is no callosum here.
        return None
