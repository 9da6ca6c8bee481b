"""Shape of the callosa of a set, and how far its distribution is from another's."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats

from callosal.models.errors import GeometryError
from callosal.pipelines.datasets.slice_bank import LabelledSlice
from callosal.pipelines.geometry.reference_line import LineKind, find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.morphometry.measures import measure
from callosal.pipelines.outline.contour import callosum_component, callosum_contour_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.synthesis.quality.window import tilt_rad

SHAPES = (
    "area_mm2",
    "midline_length_mm",
    "thickness_mean_mm",
    "curvature_mean_per_mm",
    "tilt_deg",
)

Values = NDArray[np.float64]


def shape_of(labelled: LabelledSlice) -> dict[str, float]:
    """Measures of one mask by name; NaN where its outline has no two tips or no outline."""
    place = on_slice(labelled.image, labelled.spacing_mm)
    tilt = float(np.rad2deg(-tilt_rad(labelled)))
    try:
        component = callosum_component(labelled.mask, place)
        contour_mm = smooth_contour_mm(callosum_contour_mm(labelled.mask, place))
        box = RotatedBox.around(contour_mm)
        line = find_reference_line(LineKind.SUBCALLOSAL, contour_mm, box)
        found = measure(contour_mm, component, place, box, line).as_document()
    except GeometryError:
        found, tilt = {}, np.nan
    known = {name: found.get(name) for name in SHAPES[:-1]}
    return {name: np.nan if v is None else v for name, v in known.items()} | {"tilt_deg": tilt}


def shapes_of(slices: Sequence[LabelledSlice]) -> dict[str, Values]:
    """Measures of many masks, an array for each name."""
    rows = [shape_of(labelled) for labelled in slices]
    return {name: np.array([row[name] for row in rows]) for name in SHAPES}


def in_one_piece(mask: NDArray[np.uint8]) -> bool:
    """Whether a mask is one component (neighbours by edge or corner)."""
    return int(ndimage.label(mask, structure=np.ones((3, 3)))[1]) == 1


def compare(values: Values, reference: Values) -> dict[str, float | int | None]:
    """Kolmogorov-Smirnov and Wasserstein distance of two samples; NaN values are left out.

    Returns:
        `mean`, `deviation`, `reference_mean`, `reference_deviation`, `ks`, `ks_p`,
        `wasserstein` (in the unit of the values) and `unmeasured`; None where fewer than two
        values could be measured.
    """
    known, expected = values[np.isfinite(values)], reference[np.isfinite(reference)]
    unmeasured = len(values) - len(known)
    names = ("mean", "deviation", "reference_mean", "reference_deviation", "ks", "ks_p")
    if min(len(known), len(expected)) < 2:
        return {**dict.fromkeys((*names, "wasserstein")), "unmeasured": unmeasured}
    test = stats.ks_2samp(known, expected)
    moments = (known.mean(), known.std(), expected.mean(), expected.std())
    found = dict(zip(names, (*moments, test.statistic, test.pvalue), strict=True))
    found["wasserstein"] = stats.wasserstein_distance(known, expected)
    return {**{name: float(value) for name, value in found.items()}, "unmeasured": unmeasured}
