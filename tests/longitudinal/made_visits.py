"""Visits of a drawn callosum, measured on made slices: what pages and tables are made of."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from callosal.pipelines.bids.dataset import BidsImage
from callosal.pipelines.geometry.slice_image import on_slice
from callosal.pipelines.longitudinal.common_measures import CommonMeasures, VisitMeasures
from callosal.pipelines.longitudinal.visits import LeftOut, Visit, VisitSeries

ANGLES = np.linspace(0, 2 * np.pi, 256, endpoint=False)


def image(session: str) -> BidsImage:
    name = f"sub-01/ses-{session}/anat/sub-01_ses-{session}_T1w.nii.gz"
    return BidsImage(Path(name), name, {"sub": "01", "ses": session}, "T1w")


def made_series(sessions: tuple[str, ...] = ("1", "2", "3")) -> VisitSeries:
    """Visits without plans, for what does not read them."""
    visits = [cast(Any, SimpleNamespace(image=image(session))) for session in sessions]
    left_out = (LeftOut(image("9"), "not_ok"),)
    return VisitSeries("sub-01_T1w", cast(tuple[Visit, ...], tuple(visits)), left_out)


def made_measures(areas_mm2: tuple[float, ...] = (600.0, 594.0, 589.0)) -> CommonMeasures:
    """Measures of visits whose areas are given; a measure that one slice lacks is among them."""
    return CommonMeasures(tuple(map(_visit, areas_mm2)), 0.97, _ellipse(1.0))


def _visit(area_mm2: float) -> VisitMeasures:
    slices = area_mm2 + np.array([-4.0, -2.0, 0.0, 2.5, 4.5])
    thin = slices / 100
    values = {"area_mm2": slices, "cc_index": np.where(thin > thin[0], 0.4, np.nan),
              "body_width_mm": np.array([np.nan] * 3 + [5.0, 5.1])}  # fmt: skip
    pixels = np.random.default_rng(0).uniform(0, 1, (300, 320)).astype(np.float32)
    place = on_slice(pixels, (0.5, 0.5))
    profiles = np.broadcast_to(thin[:, None], (5, 100)).copy()
    return VisitMeasures(values, profiles, place, _ellipse(area_mm2 / 600))


def _ellipse(scale: float) -> np.ndarray:
    return np.stack([35 * scale * np.cos(ANGLES), 12 * scale * np.sin(ANGLES)], axis=1)
