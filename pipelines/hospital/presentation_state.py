"""A presentation state: ROI, line and outline of a plan, drawn on its source images."""

import hashlib
from collections.abc import Sequence

import numpy as np
from highdicom.color import CIELabColor
from highdicom.pr import (
    GraphicAnnotation,
    GraphicLayer,
    GraphicObject,
    GrayscaleSoftcopyPresentationState,
    TextObject,
)
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset

from callosal.pipelines.geometry.polygon import clip_convex
from callosal.pipelines.geometry.rotated_box import RotatedBox
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.hospital.origin import DISCLAIMER, Origin, settle
from callosal.pipelines.hospital.source_mask import mask_on_source
from callosal.pipelines.hospital.source_series import SourceSeries
from callosal.pipelines.planning.plan_file import Plan

Array = NDArray[np.float64]

ALONG_DEG = 20.0
"""Slices turned by less than this from the midsagittal plane show its shapes, others its trace."""

_WINDOW = ("WindowCenter", "WindowWidth")
_COLOUR = ("SamplesPerPixel", "PhotometricInterpretation")
_YELLOW = CIELabColor(92.0, -10.0, 80.0)


def plan_presentation(
    source: SourceSeries,
    plan: Plan,
    mask: NDArray[np.uint8],
    contour_mm: Array,
    place: SliceImage,
) -> Dataset | None:
    """Draw a plan on its source images.

    On slices along the midsagittal plane that hold the callosum: its outline, the reference line
    and the rectangle of the final pose. On slices across the plane: the trace of the rectangle.

    Args:
        source: The series that was planned on.
        plan: The plan of the case.
        mask: 0 outside, on the midsagittal slice, shape (H, W).
        contour_mm: Outline, shape (N, 2).
        place: Place of that slice.

    Returns:
        A Grayscale Softcopy Presentation State, the same one for the same arguments. None where
        the images allow none: multi-frame images, or slices of different rescale slopes.

    Raises:
        GeometryError: The mask lies outside the source.
    """
    planes = dict(zip(source.stack.places, source.stack.planes, strict=True))
    drawn = _drawings(source, plan, mask, contour_mm, place)
    if source.frame_references() or not drawn:
        return None
    scales = {(planes[index].frame.slope, planes[index].frame.intercept) for index in drawn}
    if len(scales) != 1:
        return None
    images = dict(zip(drawn, source.single_frames(drawn), strict=True))
    for index, image in images.items():
        _copy_display(planes[index].header.file.path, image)
        image.RescaleSlope, image.RescaleIntercept = (str(value) for value in next(iter(scales)))
    origin = Origin.of(source, plan)
    layer = GraphicLayer("CALLOSAL", 1, "scan plan by callosal", _YELLOW)
    middle = list(drawn)[len(drawn) // 2]
    annotations = [
        GraphicAnnotation(
            referenced_images=[images[index]],
            graphic_layer=layer,
            graphic_objects=[
                GraphicObject("POLYLINE", points, units="PIXEL", tracking_id=name,
                              tracking_uid=origin.tracking_uid(f"{name} on images"))
                for name, points in shapes
            ],
            text_objects=[_words(plan, shapes)] if index == middle else None,
        )
        for index, shapes in drawn.items()
    ]  # fmt: skip
    state = GrayscaleSoftcopyPresentationState(
        referenced_images=list(images.values()),
        series_instance_uid=origin.uid("pr series"),
        series_number=origin.series_number(4),
        sop_instance_uid=origin.uid("pr", _digest(drawn)),
        instance_number=1,
        manufacturer="callosal",
        manufacturer_model_name=origin.model,
        software_versions=origin.software,
        device_serial_number=origin.model_sha256[:16],
        content_label="CALLOSUM_PLAN",
        content_description="Scan plan on the images",
        graphic_annotations=annotations,
        graphic_layers=[layer],
        series_description=f"callosal plan on images ({DISCLAIMER})",
    )
    state.BodyPartExamined = "BRAIN"
    state.PresentationCreationDate, state.PresentationCreationTime = origin.moment
    return settle(state, origin)


Shapes = Sequence[tuple[str, NDArray[np.float32]]]


def _drawings(
    source: SourceSeries, plan: Plan, mask: NDArray[np.uint8], contour_mm: Array, place: SliceImage
) -> dict[int, Shapes]:
    """Shapes by index of the slice, each as (column, row) of the image, from its outer corner."""
    assert plan.final is not None  # there are stacks
    assert plan.box is not None
    geometry = source.stack.geometry
    across = geometry.affine[:3, 0] / np.linalg.norm(geometry.affine[:3, 0])
    box = RotatedBox(plan.final.center_mm, plan.box.size_mm, plan.final.angle_deg)
    corners = geometry.map_reference_to_indices(place.mm_to_lps(box.corners_mm))
    size = (geometry.spatial_shape[2], geometry.spatial_shape[1])
    if abs(across @ place.normal) < np.cos(np.radians(ALONG_DEG)):
        traces = {index: _trace(corners, index) for index in source.stack.places}
        found = {index: [("final pose", trace)] for index, trace in traces.items() if len(trace)}
    else:
        outline = geometry.map_reference_to_indices(place.mm_to_lps(contour_mm))
        shapes = [("corpus callosum", _closed(outline)), ("final pose", _closed(corners))]
        if plan.line is not None:
            ends = np.array([plan.line.start_mm, plan.line.end_mm])
            line = geometry.map_reference_to_indices(place.mm_to_lps(ends))
            shapes.append(("reference line", line))
        slices = mask_on_source(mask, place, geometry, source.stack.missing).slices
        found = dict.fromkeys(slices, shapes)
    drawn = {
        index: [
            (name, inside) for name, points in shapes if len(inside := _on_image(points, size)) > 1
        ]
        for index, shapes in found.items()
    }
    return {index: shapes for index, shapes in drawn.items() if shapes}


def _trace(corners: Array, index: int) -> Array:
    """Where a rectangle crosses a slice: two points as indices, or none."""
    ends = np.roll(corners, -1, axis=0)
    start, end = corners[:, 0] - index, ends[:, 0] - index
    crosses = (start < 0) != (end < 0)
    if crosses.sum() != 2:
        return np.empty((0, 3))
    share = (start[crosses] / (start[crosses] - end[crosses]))[:, None]
    points: Array = corners[crosses] + share * (ends[crosses] - corners[crosses])
    return points


def _closed(points: Array) -> Array:
    return np.vstack([points, points[:1]])


def _on_image(points: Array, size: tuple[int, int]) -> NDArray[np.float32]:
    """Indices (slice, row, column) as (column, row), from the outer corner of the first pixel.

    A closed shape that leaves the image is cut at its border; an open one is left out.
    """
    flat = points[:, [2, 1]] + 0.5
    width, height = size
    if (flat < 0).any() or (flat > size).any():
        if len(flat) != 5:
            return np.empty((0, 2), np.float32)
        border = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
        part = clip_convex(flat[:-1], border)
        flat = _closed(part) if len(part) > 2 else np.empty((0, 2))
    return np.clip(flat, 0, size).astype(np.float32)


def _words(plan: Plan, shapes: Shapes) -> TextObject:
    """The transverse stack as the console shows it, at the first point of the rectangle."""
    (points,) = [points for name, points in shapes if name == "final pose"][:1] or [shapes[0][1]]
    assert plan.planes is not None
    column, row = (float(value) for value in points[0])
    text = f"{plan.planes.transverse.prescription} ({DISCLAIMER})"
    return TextObject(text, units="PIXEL", anchor_point=(column, row), anchor_point_visible=False)


def _copy_display(path: str, image: Dataset) -> None:
    """Take from a file how its pixels are shown: colour, and the window where it has one."""
    header = dcmread(path, stop_before_pixels=True, specific_tags=[*_COLOUR, *_WINDOW])
    has_window = all(header.get(word) not in (None, "") for word in _WINDOW)
    for word in (*_COLOUR, *_WINDOW) if has_window else _COLOUR:
        setattr(image, word, header[word].value)


def _digest(drawn: dict[int, Shapes]) -> str:
    content = [(index, name, points.tobytes().hex()) for index, shapes in drawn.items()
               for name, points in shapes]  # fmt: skip
    return hashlib.sha256(repr(content).encode()).hexdigest()
