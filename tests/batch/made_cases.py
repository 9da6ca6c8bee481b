"""Small series for the driver, and a real answer to give with at once."""

from functools import cache
from pathlib import Path

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import InputError
from callosal.pipelines.case.case_pictures import (
    draw_case_overlay,
    draw_pictures,
    draw_review_views,
    picture_files,
)
from callosal.pipelines.case.observation import look
from callosal.pipelines.case.process import conclude
from callosal.pipelines.outputs.case_files import CaseFiles
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.pictures.review_views import view_files
from callosal.pipelines.settings import Settings
from tests.dicom.make_series import SeriesRecipe, make_series, write_slices


def write_archive(folder: Path, n_series: int) -> Path:
    """A tree of small sagittal series, a folder each."""
    for number in range(1, n_series + 1):
        recipe = SeriesRecipe(n_slices=10, number=number)
        write_slices(folder / f"s{number:03d}", make_series(recipe))
    return folder


@cache
def real_answer() -> CaseFiles:
    """What the shipped model makes of a phantom."""
    head = phantom_head(1, (44, 64, 64), (3.6, 3.75, 3.75))
    segmenter = open_segmenter(resolve_model(DEFAULT), "cpu", 1)
    volume, settings = head.volume, Settings()
    observation = look(volume, segmenter, settings)
    outcome = conclude(volume, observation, segmenter, settings, {"kind": "dicom"})
    views = draw_review_views(volume, observation, outcome.pose)
    pictures = draw_pictures(volume, outcome, draw_case_overlay(outcome), settings)
    files = {**view_files(views), **picture_files(pictures, outcome.callosum)}
    return CaseFiles(outcome.document, files)


def answer_at_once(*_: object) -> CaseFiles:
    """Stands for `process_case` where its work does not matter."""
    return real_answer()


def refuse(*_: object) -> CaseFiles:
    """Stands for `process_case` on what cannot be planned."""
    raise InputError("s: made to fail", "made_to_fail")
