"""Which series are asked for, what is written, and what a fault leaves."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from callosal.models.errors import InputError
from callosal.pipelines.archive.faults import Refused, Unreachable
from callosal.pipelines.archive.fetch_studies import fetch_studies
from callosal.pipelines.archive.source import ArchivedSeries, Keep
from callosal.pipelines.archive.study_query import StudyQuery, of_study
from tests.dicom.make_series import SeriesRecipe, make_series

STUDY = "1.2.3"


@dataclass
class FakeArchive:
    """Series in memory; counts the images that were sent."""

    stock: dict[str, list[Dataset]]
    sent: list[str] = field(default_factory=list)
    breaks_after: int = 10**6

    @contextmanager
    def connect(self) -> Iterator["FakeArchive"]:
        yield self

    def __str__(self) -> str:
        return "FAKE"

    def studies(self, query: StudyQuery) -> list[str]:
        return [STUDY] if query.keys.get("StudyInstanceUID") in (STUDY, None) else []

    def series(self, study_uid: str) -> list[ArchivedSeries]:
        return [ArchivedSeries(study_uid, uid, images[0].Modality)
                for uid, images in self.stock.items()]  # fmt: skip

    def headers(self, series: ArchivedSeries) -> list[Dataset]:
        bare = []
        for image in self.stock[series.uid]:
            header = Dataset()
            header.update({e.tag: e for e in image if e.keyword != "PixelData"})
            bare.append(header)
        return bare

    def retrieve(self, series: ArchivedSeries, images: Sequence[str], keep: Keep) -> None:
        for uid in images:
            if len(self.sent) >= self.breaks_after:
                raise Unreachable("the connection broke")
            self.sent.append(uid)
            keep(uid, b"DICM")


def _stock(**tags: object) -> dict[str, list[Dataset]]:
    recipes = {"1.2.3.1": SeriesRecipe(), "1.2.3.2": SeriesRecipe(tags=tags)}
    stock = {}
    for uid, recipe in recipes.items():
        images = make_series(recipe)
        for index, image in enumerate(images):
            image.StudyInstanceUID, image.SeriesInstanceUID = STUDY, uid
            image.SOPInstanceUID = f"{uid}.{index + 1}"
        stock[uid] = images
    return stock


def _fetch(archive: FakeArchive, output: Path, told: list[str]) -> int:
    return fetch_studies(archive, [of_study(STUDY)], output, 10, told.append)


@pytest.mark.parametrize(
    "tags",
    [{"Modality": "CT"}, {"ImageType": ["DERIVED", "PRIMARY", "P"]},
     {"Rows": 2}],
)  # fmt: skip
def test_pixels_of_other_series_never_travel(tmp_path: Path, tags: dict[str, object]) -> None:
    archive, told = FakeArchive(_stock(**tags)), list[str]()
    assert _fetch(archive, tmp_path, told) == 0
    assert {uid.rpartition(".")[0] for uid in archive.sent} == {"1.2.3.1"}
    assert len(list(tmp_path.rglob("*.dcm"))) == 10
    assert "2 series" in told[0]
    assert "1 left at the archive" in told[-1]


def test_a_series_of_which_too_little_is_told_is_fetched(tmp_path: Path) -> None:
    archive = FakeArchive(_stock(ImageOrientationPatient=None))
    assert _fetch(archive, tmp_path, []) == 0
    assert len(archive.sent) == 20


def test_a_broken_fetch_goes_on_where_it_ended(tmp_path: Path) -> None:
    archive, told = FakeArchive(_stock(Modality="CT"), breaks_after=4), list[str]()
    assert _fetch(archive, tmp_path, told) == 1
    assert "FAKE: the connection broke" in told
    archive.breaks_after = 100
    assert _fetch(archive, tmp_path, told) == 0
    assert len(archive.sent) == len(set(archive.sent)) == 10


def test_images_that_do_not_come_are_a_fault(tmp_path: Path) -> None:
    class Stingy(FakeArchive):
        def retrieve(self, series: ArchivedSeries, images: Sequence[str], keep: Keep) -> None:
            if series.uid.endswith("2"):
                raise Refused("C-GET status A701")
            super().retrieve(series, images[1:], keep)

    told: list[str] = []
    assert _fetch(Stingy(_stock(SeriesNumber=2)), tmp_path, told) == 1
    assert any("1 of 10 images did not come" in line for line in told)
    assert any("C-GET status A701" in line for line in told)


def test_too_many_studies_fetch_nothing(tmp_path: Path) -> None:
    archive = FakeArchive(_stock())
    with pytest.raises(InputError) as caught:
        fetch_studies(archive, [of_study(STUDY)], tmp_path, 0, print)
    assert caught.value.code == "too_many_studies"


def test_names_and_lines_hold_no_uid(tmp_path: Path) -> None:
    told: list[str] = []
    _fetch(FakeArchive(_stock(Modality="CT")), tmp_path, told)
    names = "".join(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert STUDY not in names + "".join(told)


def test_no_match_is_said(tmp_path: Path) -> None:
    told: list[str] = []
    assert fetch_studies(FakeArchive({}), [of_study("1.9")], tmp_path, 10, told.append) == 1
    assert told == ["FAKE: no study matches"]
