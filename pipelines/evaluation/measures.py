"""The measures of one case: overlap, distances, pose and area, of a probability map."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import GeometryError
from callosal.pipelines.evaluation import overlap
from callosal.pipelines.geometry.fusion import FusedRoi, fuse
from callosal.pipelines.geometry.plane_angles import axis_difference_deg
from callosal.pipelines.geometry.reference_line import LineKind, find_reference_line
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.outline.contour import callosum_component, callosum_contour_mm
from callosal.pipelines.outline.smooth import smooth_contour_mm
from callosal.pipelines.settings import FusionSettings

MEASURES = (
    "dice",
    "iou",
    "hd95_mm",
    "assd_mm",
    "area_bias_pct",
    "angle_error_deg",
    "center_error_mm",
    "seconds",
)


@dataclass(frozen=True)
class CaseMeasures:
    """The scores of one case; None if a mask was empty and nothing could be measured.

    Attributes:
        dice: Dice coefficient; 0 for an empty mask.
        iou: Intersection over union; 0 for an empty mask.
        hd95_mm: 95th percentile of the border distances.
        assd_mm: Mean of the border distances.
        area_bias_pct: Area over the reference's, minus one.
        angle_error_deg: Angle between the final axes, from 0 to 90.
        center_error_mm: Distance of the final centres.
        area_mm2: Area of the mask.
        reference_area_mm2: Area of the reference.
        seconds: Time of finding the callosum on the slice.
    """

    dice: float
    iou: float
    hd95_mm: float | None
    assd_mm: float | None
    area_bias_pct: float
    angle_error_deg: float | None
    center_error_mm: float | None
    area_mm2: float
    reference_area_mm2: float
    seconds: float

    def as_row(self) -> dict[str, float | None]:
        """All values by name."""
        return asdict(self)


def final_roi(
    probability: NDArray[np.floating] | NDArray[np.uint8], slice_image: SliceImage
) -> FusedRoi:
    """The final ROI of a map, as `infer` finds it with its defaults.

    Raises:
        GeometryError: No pixel reaches one half, or the outline is degenerate.
    """
    contour_mm = smooth_contour_mm(callosum_contour_mm(probability, slice_image))
    box = RotatedBox.around(contour_mm)
    line = find_reference_line(LineKind.SUBCALLOSAL, contour_mm, box)
    return fuse(box, line, FusionSettings())


def measure_case(
    probability: NDArray[np.floating],
    reference: NDArray[np.uint8],
    slice_image: SliceImage,
    seconds: float,
) -> CaseMeasures:
    """Compare a probability map with a reference mask on its grid.

    Args:
        probability: Map of the segmenter, shape (H, W).
        reference: 0 or 1, shape (H, W), not empty.
        slice_image: Gives the spacing.
        seconds: Time of the network.
    """
    truth = reference > 0
    pixel_mm2 = float(np.prod(slice_image.spacing_mm))
    try:
        mask = callosum_component(probability, slice_image) >= 0.5
    except GeometryError:
        area = float(truth.sum()) * pixel_mm2
        return CaseMeasures(0.0, 0.0, None, None, -100.0, None, None, 0.0, area, seconds)
    there, back = overlap.border_distances_mm(mask, truth, slice_image.spacing_mm)
    found = final_roi(probability, slice_image).roi
    expected = final_roi(reference, slice_image).roi
    return CaseMeasures(
        dice=overlap.dice(mask, truth),
        iou=overlap.iou(mask, truth),
        hd95_mm=overlap.hd95_mm(there, back),
        assd_mm=overlap.assd_mm(there, back),
        area_bias_pct=overlap.area_bias_pct(mask, truth),
        angle_error_deg=abs(axis_difference_deg(found.angle_deg, expected.angle_deg)),
        center_error_mm=float(np.linalg.norm(np.subtract(found.center_mm, expected.center_mm))),
        area_mm2=float(mask.sum()) * pixel_mm2,
        reference_area_mm2=float(truth.sum()) * pixel_mm2,
        seconds=seconds,
    )
