"""Archives for the tests: a real one by pynetdicom, and cases to send to it."""

import io
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import Comprehensive3DSRStorage, ExplicitVRLittleEndian, SegmentationStorage
from pynetdicom import AE, evt

from callosal.pipelines.archive.c_store import SENT_CLASSES
from callosal.pipelines.archive.destination import Node
from callosal.pipelines.outputs.case_files import CaseFiles
from callosal.pipelines.outputs.case_folder import Fingerprint, write_case
from callosal.pipelines.outputs.file_names import CASES, SEGMENTATION, STRUCTURED_REPORT

HOST = "127.0.0.1"
TITLE = "ARCHIVE"
CLASSES = {SEGMENTATION: SegmentationStorage, STRUCTURED_REPORT: Comprehensive3DSRStorage}


def object_bytes(sop_class: str, uid: str, study: str) -> bytes:
    """A DICOM file of no content."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.StudyInstanceUID = sop_class, uid, study
    made.SeriesInstanceUID, made.Modality = f"{study}.9", "OT"
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = sop_class
    made.file_meta.MediaStorageSOPInstanceUID = uid
    stream = io.BytesIO()
    made.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def write_finished(
    output: Path, number: int, study: int | None = None, content: int = 0
) -> dict[str, bytes]:
    """A finished case with two objects; their content by SOP Instance UID."""
    root = f"1.2.{1000 if study is None else study}"
    study_uid = f"1.2.{number if study is None else study}"
    uids = {name: f"{root}.{number}.{content}.{place}" for place, name in enumerate(CLASSES)}
    files = {name: object_bytes(CLASSES[name], uid, study_uid) for name, uid in uids.items()}
    write_case(
        output / CASES / f"case-{number:04d}",
        CaseFiles({"plan": number}, files),
        {"case_id": f"case-{number:04d}"},
        Fingerprint("input", "model", "config", "1"),
    )
    return {uid: files[name] for name, uid in uids.items()}


@dataclass
class Store:
    """What an archive was sent, in order, each as often as it came."""

    port: int = 0
    came: list[str] = field(default_factory=list)
    objects: dict[str, Dataset] = field(default_factory=dict)
    callers: set[str] = field(default_factory=set)

    @property
    def node(self) -> Node:
        return Node(TITLE, HOST, self.port)

    @property
    def word(self) -> str:
        return str(self.node)


Answer = Callable[[str], int]


@contextmanager
def store(
    port: int = 0,
    answer: Answer = lambda _uid: 0,
    classes: Sequence[str] = SENT_CLASSES,
    callers: Sequence[str] = (),
    tls: Any = None,
) -> Iterator[Store]:
    """An archive for as long as it is needed.

    Args:
        port: 0 for a free one.
        answer: Status for each instance UID; a negative one breaks the association.
        classes: What it takes.
        callers: AE titles it admits; empty for all.
        tls: Its SSL context.
    """
    made = Store()
    lock = threading.Lock()

    def keep(event: Any) -> int:
        uid = str(event.request.AffectedSOPInstanceUID)
        with lock:
            made.callers.add(str(event.assoc.requestor.ae_title))
            status = answer(uid)
            if status < 0:
                event.assoc.abort()
                return 0xC000
            made.came.append(uid)
            if status in (0, 0xB000):
                made.objects[uid] = event.dataset
        return status

    ae = AE(TITLE)
    ae.require_called_aet = True
    ae.require_calling_aet = list(callers)
    for sop_class in classes:
        ae.add_supported_context(sop_class, ExplicitVRLittleEndian)
    server = ae.start_server(
        (HOST, port), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)], ssl_context=tls
    )
    made.port = int(server.server_address[1])
    try:
        yield made
    finally:
        ae.shutdown()


def is_equal(content: bytes, found: Dataset) -> bool:
    """Whether an archive has the data set of a file."""
    return bool(dcmread(io.BytesIO(content)) == found)


def are_equal(sent: Mapping[str, bytes], made: Store) -> bool:
    return set(sent) == set(made.objects) and all(
        is_equal(content, made.objects[uid]) for uid, content in sent.items()
    )
