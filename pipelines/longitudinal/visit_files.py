"""The files of a series of visits: tables, page, and the slices and masks in the common plane."""

import json
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from callosal.export.runtime import Segmenter
from callosal.models.errors import CallosalError
from callosal.pipelines.bids.dataset import BidsImage
from callosal.pipelines.bids.derivative_names import sidecar
from callosal.pipelines.geometry.slice_image import SliceImage
from callosal.pipelines.longitudinal.common_measures import VisitMeasures
from callosal.pipelines.longitudinal.common_visits import CommonVisits
from callosal.pipelines.longitudinal.dates import years_since_first
from callosal.pipelines.longitudinal.page import visits_page
from callosal.pipelines.longitudinal.tables import change_tsv, series_tables, visits_tsv
from callosal.pipelines.longitudinal.visit_names import SeriesNames, mask_name, slice_name
from callosal.pipelines.longitudinal.visits import VisitSeries
from callosal.pipelines.outline.coverage import coverage
from callosal.pipelines.pictures.label_image import slice_nifti_bytes
from callosal.pipelines.pictures.overlay import WINDOW_MM
from callosal.pipelines.pictures.review_views import quantised

Pixel = TypeVar("Pixel", bound=np.generic)

_PLACE = SliceImage(
    pixels=np.zeros((1, 1), np.float32),
    spacing_mm=(1.0, 1.0),
    center_lps_mm=np.zeros(3),
    row_dir=np.array([0.0, 1.0, 0.0]),
    col_dir=np.array([0.0, 0.0, -1.0]),
)
"""Where the common plane lies in the files: sagittal, with the callosum at the origin."""


def visit_files(series: VisitSeries, found: CommonVisits, names: SeriesNames) -> dict[str, bytes]:
    """Content of each file by its name, without the record.

    Args:
        series: The visits.
        found: The measures of the visits.
        names: Names of the files of the whole series.
    """
    years = years_since_first([visit.acquired for visit in series.visits])
    measures = found.measures
    tables = series_tables(series.visits, measures.visits, found.correlations, years)
    files = {
        names.visits: visits_tsv(tables).encode(),
        names.change: change_tsv(tables).encode(),
        names.page: visits_page(series, measures, tables, version("callosal")).encode(),
    }
    first = slice_name(series.visits[0].image)
    for visit, measured in zip(series.visits, measures.visits, strict=True):
        files |= _slices(visit.image, measured, first)
    return files


def names_of(series: VisitSeries, names: SeriesNames) -> frozenset[str]:
    """Every file that the series may have, the record included."""
    images = [*(visit.image for visit in series.visits), *(left.image for left in series.left_out)]
    of_images = [make(image) for image in images for make in (slice_name, mask_name)]
    sidecars = map(sidecar, of_images)
    return frozenset({*of_images, *sidecars, names.visits, names.change, names.page, names.record})


def record(
    series: VisitSeries, found: CommonVisits, segmenter: Segmenter, fingerprint: str
) -> bytes:
    """What the files were made from, and what defines the common frame."""
    content = {
        "Description": "Visits of a participant, measured in the plane half-way between them",
        "Fingerprint": fingerprint,
        "SoftwareVersion": version("callosal"),
        "Model": {"Name": segmenter.contract.name, "Sha256": segmenter.sha256},
        "Visits": [
            {
                "Image": f"bids:raw:{visit.image.name}",
                "PlanSha256": visit.plan_sha256,
                "LeastCorrelation": round(correlation, 4),
                "PlanToCommonFrame": np.round(to_mean, 6).tolist(),
            }
            for visit, correlation, to_mean in zip(
                series.visits, found.correlations, found.frame.to_mean, strict=True
            )
        ],
        "SpreadOfPlacesMm": round(found.frame.spread_mm, 4),
        "Confidence": round(found.measures.confidence, 4),
        "LeftOut": _left_out(series),
    }
    return _json(content)


def refusal(series: VisitSeries, error: CallosalError) -> bytes:
    """Why the change of a series is not measured; the only file of such a series."""
    content = {
        "Description": "Visits of a participant, not measured",
        "SoftwareVersion": version("callosal"),
        "Refused": error.code,
        "Reason": str(error),
        "Visits": [],
        "LeftOut": _left_out(series),
    }
    return _json(content)


def _left_out(series: VisitSeries) -> dict[str, str]:
    return {left.image.stem: left.code for left in series.left_out}


def _slices(image: BidsImage, measured: VisitMeasures, first: str) -> dict[str, bytes]:
    picture = measured.picture
    pixels = _window(picture.pixels, picture.spacing_mm)
    place = replace(_PLACE, pixels=pixels, spacing_mm=picture.spacing_mm)
    origin = {
        "Sources": [f"bids:raw:{image.name}"],
        "SpatialReference": f"bids::{first}",
    }
    name, mask = slice_name(image), mask_name(image)
    return {
        name: slice_nifti_bytes(quantised(pixels), place),
        sidecar(name): _json(
            {
                "Description": "The common midsagittal plane of all visits, in this visit",
                **origin,
                "SkullStripped": False,
            }
        ),
        mask: slice_nifti_bytes(_window(_mask(measured), picture.spacing_mm), place),
        sidecar(mask): _json(
            {
                "Description": "Corpus callosum in the common midsagittal plane of all visits",
                **origin,
                "Type": "ROI",
            }
        ),
    }


def _window(pixels: NDArray[Pixel], spacing_mm: tuple[float, float]) -> NDArray[Pixel]:
    """The middle of a slice, cropped to the size of a picture, which leaves out the face."""
    width_mm, height_mm = WINDOW_MM
    cut = [
        max(0, (side - 2 * round(size_mm / 2 / step_mm)) // 2)
        for side, size_mm, step_mm in zip(
            pixels.shape, (height_mm, width_mm), spacing_mm, strict=True
        )
    ]
    rows, columns = pixels.shape
    return pixels[cut[0] : rows - cut[0], cut[1] : columns - cut[1]]


def _mask(measured: VisitMeasures) -> NDArray[np.uint8]:
    picture = measured.picture
    covered = coverage([picture.mm_to_pixels(measured.outline_mm)], picture.pixels.shape)
    return (covered >= 0.5).astype(np.uint8)


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1) + "\n").encode()
