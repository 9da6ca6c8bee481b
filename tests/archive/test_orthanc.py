"""The results of a case in a real archive: by C-STORE, by STOW-RS, and after it was killed."""

import threading
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pynetdicom", reason="sending needs the extra `pacs`")

from dicomweb_client import DICOMwebClient
from pydicom import dcmread

from callosal.pipelines.archive.c_store import StoreArchive
from callosal.pipelines.archive.commitment import Commitments
from callosal.pipelines.archive.destination import Node
from callosal.pipelines.archive.outgoing import read_outgoing
from callosal.pipelines.archive.tls import Tls
from callosal.pipelines.cli import main
from callosal.pipelines.service.admission import Admission
from callosal.pipelines.service.limits import Limits
from callosal.pipelines.service.listener import Listener
from callosal.pipelines.service.spool import open_spool
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


def test_orthanc_promises_to_keep_what_it_has_and_nothing_else(run: Path, tmp_path: Path) -> None:
    commitments, told = Commitments(60.0), list[str]()
    (case,) = (run / "cases").iterdir()
    outgoing = read_outgoing(case)
    assert outgoing is not None
    with open_spool(tmp_path / "spool", run, 10**9) as spool:
        admission = Admission.of(["ORTHANC"], None, "127.0.0.1")
        listener = Listener(spool, admission, Limits(), told.append, commitments)
        port = listener.start("127.0.0.1", 0, "CALLOSAL")
        try:
            with orthanc(tmp_path / "archive", {"CALLOSAL": port}) as archive:
                node = Node.of(archive.node, "--send-to")
                with StoreArchive(node, "CALLOSAL", Tls(), commitments).connect() as link:
                    for item in outgoing.objects:
                        link.send(item)
                    assert link.lost(outgoing.objects) == frozenset()
                    lost = outgoing.objects[0].sop_instance_uid
                    archive.delete(lost)
                    assert link.lost(outgoing.objects) == {lost}
                with StoreArchive(node, "STRANGER").connect() as link:
                    assert link.lost(outgoing.objects) is None
        finally:
            listener.stop()
    assert told == []


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
