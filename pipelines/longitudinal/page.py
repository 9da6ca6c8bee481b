"""The page of a series of visits, which flips between them; it is one file and loads nothing."""

import base64
import io
from html import escape
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, WebPImagePlugin

from callosal.pipelines.longitudinal.common_measures import CommonMeasures, VisitMeasures
from callosal.pipelines.longitudinal.tables import SeriesTables, change_rows
from callosal.pipelines.longitudinal.visits import VisitSeries
from callosal.pipelines.pictures.overlay import WINDOW_MM, draw_brain
from callosal.pipelines.report.html_parts import filled_page, json_block

Array = NDArray[np.float64]

STYLES = ("../report/style.css", "../report/figures.css", "visits.css")
SCRIPTS = ("../group/elements.js", "../group/plots.js", "visits.js")
SIZE: Final = (560, 480)
QUALITY: Final = 85

_FORMAT = WebPImagePlugin.WebPImageFile.format  # imported here, or Pillow imports all its formats
_DRAWN_POINTS: Final = 256


def visits_page(
    series: VisitSeries, measures: CommonMeasures, tables: SeriesTables, version: str
) -> str:
    """The page as HTML.

    Args:
        series: The visits.
        measures: Measures of the visits.
        tables: Tables of the visits.
        version: Version of callosal.
    """
    return filled_page(
        "longitudinal",
        "visits.html",
        STYLES,
        SCRIPTS,
        series=escape(series.stem),
        version=escape(version),
        headline=escape(headline(tables)),
        data=json_block(page_data(series, measures, tables)),
    )


def headline(tables: SeriesTables) -> str:
    """How many visits there are, and how the area changed."""
    count = f"{len(tables.rows)} visits"
    area = tables.changes.get("area_mm2")
    if area is None:
        return f"{count}; no area was measured on all of them."
    rate = area.rate_pct
    return (
        f"{count}; area {_signed(rate.value)} % per {area.per} "
        f"({_signed(rate.low)} to {_signed(rate.high)})."
    )


def page_data(
    series: VisitSeries, measures: CommonMeasures, tables: SeriesTables
) -> dict[str, Any]:
    """Everything the page shows, as plain data; the arguments are those of `visits_page`."""
    mean_mm = measures.mean_outline_mm
    x, y = (mean_mm.min(axis=0) + mean_mm.max(axis=0)) / 2
    center_mm = (float(x), float(y))
    changes = list(change_rows(tables))
    names = [row["measure"] for row in changes]
    return {
        "visits": [
            {
                "name": row["session_id"],
                "years": row["years"],
                "values": {name: row[name] for name in names},
                "picture": _picture(visit, mean_mm, center_mm),
                "outline": _drawn(visit.outline_mm, center_mm),
            }
            for row, visit in zip(tables.rows, measures.visits, strict=True)
        ],
        "mean_outline": _drawn(mean_mm, center_mm),
        "view_box": f"0 0 {WINDOW_MM[0]:g} {WINDOW_MM[1]:g}",
        "measures": names,
        "changes": changes,
        "notes": _notes(series),
    }


def _notes(series: VisitSeries) -> str:
    if not series.left_out:
        return ""
    words = (f"{left.image.stem} ({left.code.replace('_', ' ')})" for left in series.left_out)
    return f"Left out: {', '.join(words)}."


def _picture(visit: VisitMeasures, mean_mm: Array, center_mm: tuple[float, float]) -> str:
    stream = io.BytesIO()
    picture = draw_brain(visit.picture, mean_mm, center_mm)
    picture.resize(SIZE, Image.Resampling.LANCZOS).save(stream, format=_FORMAT, quality=QUALITY)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _drawn(outline_mm: Array, center_mm: tuple[float, float]) -> list[list[float]]:
    """Points of an outline in mm from the upper left corner of the picture."""
    # x grows toward anterior, which is left; y toward superior, which is up.
    every = max(1, len(outline_mm) // _DRAWN_POINTS)
    points = np.array(center_mm) - outline_mm[::every] + np.array(WINDOW_MM) / 2
    return [[round(float(x), 2), round(float(y), 2)] for x, y in points]


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
