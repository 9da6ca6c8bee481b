"""The results of a case in a real archive: by C-STORE, by STOW-RS, and after it was killed."""

import threading
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pynetdicom", reason="sending needs the extra `pacs`")

from dicomweb_client import DICOMwebClient
from pydicom import dcmread

from callosal.pipelines.cli import main
from tests.archive.orthanc import MISSING, Orthanc, is_there, orthanc
from tests.hospital.scanned_heads import write_scan

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not is_there(), reason=MISSING)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_scan(folder / "in", "axial")
    words = ["infer", str(folder / "in"), "--output", str(folder / "out"), "--device", "cpu"]
    assert main([*words, "--settings.dicom_objects", "[seg,sr,sc,pr]"]) == 0
    return folder / "out"


def _written(run: Path) -> dict[str, Any]:
    (case,) = (run / "cases").iterdir()
    objects = [dcmread(path) for path in case.glob("*.dcm")]
    assert len(objects) == 4
    return {str(item.SOPInstanceUID): item for item in objects}


def _check(archive: Orthanc, written: dict[str, Any]) -> None:
    """Everything is there once, under its study, and equal when read over DICOMweb."""
    assert archive.instances() == sorted(written)
    client = DICOMwebClient(archive.url)
    for uid, item in written.items():
        found = client.retrieve_instance(item.StudyInstanceUID, item.SeriesInstanceUID, uid)
        assert found == item
    (study,) = client.search_for_studies()
    assert study["0020000D"]["Value"] == [str(next(iter(written.values())).StudyInstanceUID)]


def test_results_lie_in_the_archive_by_either_way(run: Path, tmp_path: Path) -> None:
    with orthanc(tmp_path / "one") as archive:
        assert main(["send", str(run), "--send-to", archive.node]) == 0
        _check(archive, _written(run))
        assert main(["send", str(run), "--send-to", archive.node, "--again"]) == 0
        _check(archive, _written(run))
    with orthanc(tmp_path / "two") as archive:
        assert main(["send", str(run), "--stow", archive.url]) == 0
        _check(archive, _written(run))
        assert main(["send", str(run), "--stow", archive.url, "--again"]) == 0
        _check(archive, _written(run))


@pytest.mark.parametrize("way", ["--send-to", "--stow"])
def test_an_archive_that_is_killed_and_comes_back_has_all_once(
    way: str, run: Path, tmp_path: Path
) -> None:
    with orthanc(tmp_path / "archive") as archive:
        archive.kill()
        place = archive.node if way == "--send-to" else archive.url
        assert main(["send", str(run), way, place, "--minutes", "0"]) == 1
        threading.Timer(1.0, archive.start).start()
        assert main(["send", str(run), way, place, "--minutes", "2"]) == 0
        _check(archive, _written(run))
