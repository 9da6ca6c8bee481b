"""Series fetched from a real archive, by C-GET and by WADO-RS."""

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("pynetdicom", reason="fetching needs the extra `pacs`")

from pydicom import dcmread
from pydicom.uid import CTImageStorage

from callosal.pipelines.cli import main
from callosal.pipelines.reading.cases import find_cases
from tests.archive.orthanc import MISSING, Orthanc, is_there, orthanc
from tests.dicom.make_series import (
    CORONAL,
    SeriesRecipe,
    make_enhanced,
    make_series,
    write_slices,
)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not is_there(), reason=MISSING)]

STUDY = "1.2.3"


@dataclass(frozen=True)
class Filled:
    """An archive and what was given to it."""

    orthanc: Orthanc
    given: Path

    def place(self, way: str) -> str:
        return self.orthanc.node if way == "--from" else self.orthanc.url


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    folder = tmp_path_factory.mktemp("archive")
    for number, recipe in {
        1: SeriesRecipe(),
        2: SeriesRecipe(tags={"ImageType": ["DERIVED", "PRIMARY", "P"]}),
        3: SeriesRecipe(tags={"Modality": "CT"}),
        4: SeriesRecipe(n_slices=3, orientation=CORONAL),
    }.items():
        slices = make_series(recipe)
        for index, image in enumerate(slices):
            image.StudyInstanceUID, image.SeriesInstanceUID = STUDY, f"1.2.3.{number}"
            image.SOPInstanceUID = f"1.2.3.{number}.{index + 1}"
            image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
            image.PatientID, image.StudyDate = "Secret", "20240131"
            if image.Modality == "CT":
                image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = CTImageStorage
        write_slices(folder / f"in/{number}", slices)
    enhanced = make_enhanced(SeriesRecipe(number=5, origin_lps_mm=(-25.0, -70.0, 85.0)))
    enhanced.StudyInstanceUID, enhanced.SeriesInstanceUID = STUDY, "1.2.3.5"
    enhanced.PatientID, enhanced.StudyDate = "Secret", "20240131"
    write_slices(folder / "in/5", [enhanced])
    with orthanc(folder / "orthanc") as made:
        for path in sorted(path for path in (folder / "in").rglob("*") if path.is_file()):
            request = urllib.request.Request(
                f"http://127.0.0.1:{made.http_port}/instances", path.read_bytes()
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
        yield Filled(made, folder / "in")


def _fetched(folder: Path) -> dict[str, bytes]:
    images = [dcmread(path) for path in folder.rglob("*.dcm")]
    return {str(image.SOPInstanceUID): image.PixelData for image in images}


@pytest.mark.parametrize("way", ["--from", "--qido"])
def test_what_can_be_planned_on_is_fetched_once(
    archive: Filled, tmp_path: Path, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    query = tmp_path / "query.yaml"
    query.write_text("PatientID: Secret\nStudyDate: 20240101-20240201\n")
    words = [
        "fetch",
        way,
        archive.place(way),
        "--query",
        str(query),
        "--output",
        str(tmp_path / "out"),
    ]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "5 series, 4 of MR" in printed
    assert "Secret" not in printed
    found = _fetched(tmp_path / "out")
    assert {uid.rpartition(".")[0] for uid in found} == {"1.2.3.1", "1.2.3.4", "1.2.3.5"}
    assert len(found) == 14
    kept = [len(find_cases([one]).cases) for one in (archive.given, tmp_path / "out")]
    assert kept[0] == kept[1] > 0
    recipe = SeriesRecipe()
    assert found["1.2.3.1.4"] == recipe.pixels(3).tobytes()
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.dcm")}
    next(iter(times)).unlink()
    assert main(words) == 0
    assert len(_fetched(tmp_path / "out")) == 14


def test_a_study_that_is_not_there_is_said(
    archive: Filled, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["fetch", "--study", "1.2.99", "--output", str(tmp_path)]
    for way in ("--from", "--qido"):
        assert main([*words, way, archive.place(way)]) == 1
    assert capsys.readouterr().out.count("no study matches") == 2
