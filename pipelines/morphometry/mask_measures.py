"""All measures of the callosum from a mask alone."""

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import GeometryError
from callosal.pipelines.geometry.reference_line import LineKind, find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import checked_spacing_mm, on_slice
from callosal.pipelines.morphometry.measures import Morphometry, measure
from callosal.pipelines.outline.contour import callosum_component, callosum_contour_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm


def measure_callosum(
    mask: NDArray[np.generic],
    spacing_mm: tuple[float, float],
    line: LineKind = LineKind.SUBCALLOSAL,
) -> Morphometry:
    """Measure a callosum on a midsagittal mask: drawn by hand, or found by any program.

    Of several components the largest that can be a callosum is measured. A callosum that lacks a
    part is measured as it is.

    Args:
        mask: Mask of 0 and 1, or probability map in 0 to 1, shape (H, W); rows superior to
            inferior, columns anterior to posterior.
        spacing_mm: Distance between rows and between columns, in mm.
        line: Reference line, above which the height is measured.

    Returns:
        Every measure of docs/reference/measures.md, by name and as attributes.

    Raises:
        GeometryError: The mask has another shape or other values (`bad_mask`), is empty
            (`empty_mask`) or degenerate, or the spacing is not two positive numbers
            (`bad_spacing`).

    Example:
        >>> import callosal
        >>> from callosal.pipelines.phantom import phantom_slice
        >>> pixels, mask = phantom_slice(7)
        >>> measured = callosal.measure(mask, spacing_mm=(1.0, 1.0))
        >>> bool(0.95 < measured.area_mm2 / mask.sum() < 1.05)  # pixels of 1 mm2
        True
        >>> measured.values["thickness_mean_mm"] == measured.thickness_mean_mm
        True
    """
    values = np.asarray(mask)
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise GeometryError(
            f"mask: shape {values.shape} of type {values.dtype} is not one slice (H, W) of numbers",
            "bad_mask",
        )
    values = values.astype(float)
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        raise GeometryError(
            f"mask: values from {values.min():g} to {values.max():g}; give 0 and 1, or "
            "probabilities (for labels: mask == label)",
            "bad_mask",
        )
    place = on_slice(values, checked_spacing_mm(spacing_mm))
    component = callosum_component(values, place)
    outline_mm = smooth_contour_mm(callosum_contour_mm(values, place))
    box = RotatedBox.around(outline_mm)
    return measure(outline_mm, component, place, box, find_reference_line(line, outline_mm, box))
