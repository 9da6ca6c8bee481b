"""Finds and gets images by C-FIND and C-GET, with pynetdicom."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pynetdicom import AE, build_role, evt
from pynetdicom.dsutils import encode_file_meta
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
)

from callosal.pipelines.archive.association import associated, caller
from callosal.pipelines.archive.destination import Node
from callosal.pipelines.archive.faults import Refused, Unreachable
from callosal.pipelines.archive.source import ArchivedSeries, Keep
from callosal.pipelines.archive.study_query import StudyQuery
from callosal.pipelines.archive.tls import Tls
from callosal.pipelines.dicom.headers import HEADER_TAGS, MR_IMAGE_CLASSES
from callosal.pipelines.dicom.transfer_syntaxes import transfer_syntaxes

_PREAMBLE = bytes(128) + b"DICM"
_PENDING = (0xFF00, 0xFF01)
_SUCCESS, _SOME_FAILED, _NOT_WANTED, _NO_ROOM = 0x0000, 0xB000, 0x0122, 0xA700


class GetArchive:
    """An archive that answers C-FIND and C-GET.

    Args:
        node: The archive.
        title: AE title of this side.
        tls: Certificates; without any, nothing is encrypted.

    Raises:
        InputError: `bad_certificate`.
    """

    def __init__(self, node: Node, title: str, tls: Tls) -> None:
        self._node = node
        self._context = tls.client_context("--fetch-tls") if tls.is_used else None
        self._ae: AE = caller(title)
        self._ae.add_requested_context(StudyRootQueryRetrieveInformationModelFind)
        self._ae.add_requested_context(StudyRootQueryRetrieveInformationModelGet)
        for sop_class in sorted(MR_IMAGE_CLASSES):
            # A context is answered with one encoding: each is asked for by itself, so that the
            # archive can send every image as it is stored.
            for syntax in transfer_syntaxes():
                self._ae.add_requested_context(sop_class, syntax)

    def __str__(self) -> str:
        return str(self._node)

    @contextmanager
    def connect(self) -> Iterator["GetLink"]:
        """An association for as long as it is needed.

        Raises:
            Unreachable: There is none; the message says why.
        """
        inbox = _Inbox()
        roles = [build_role(one, scp_role=True) for one in sorted(MR_IMAGE_CLASSES)]
        handlers = [(evt.EVT_C_STORE, inbox.take)]
        with associated(
            self._ae, self._node, self._context, "queries", roles, handlers
        ) as association:
            yield GetLink(association, inbox)


class GetLink:
    """An association.

    Args:
        association: The established one.
        inbox: Where its images come.
    """

    def __init__(self, association: Any, inbox: "_Inbox") -> None:
        self._association = association
        self._inbox = inbox

    def studies(self, query: StudyQuery) -> list[str]:
        """UIDs of the studies that match."""
        keys = {"StudyInstanceUID": "", **query.keys}
        return [str(found.StudyInstanceUID) for found in self._find("STUDY", keys)]

    def series(self, study_uid: str) -> list[ArchivedSeries]:
        """All series of a study."""
        keys = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": "", "Modality": ""}
        return [
            ArchivedSeries(study_uid, str(found.SeriesInstanceUID), str(found.get("Modality", "")))
            for found in self._find("SERIES", keys)
        ]

    def headers(self, series: ArchivedSeries) -> list[Dataset]:
        """The header of each image, as far as the archive answers it."""
        keys = {"StudyInstanceUID": series.study_uid, "SeriesInstanceUID": series.uid}
        found = self._find("IMAGE", keys, HEADER_TAGS)
        for one in found:
            one.StudyInstanceUID, one.SeriesInstanceUID = series.study_uid, series.uid
        return found

    def retrieve(self, series: ArchivedSeries, images: Sequence[str], keep: Keep) -> None:
        """Hand over images as they are stored; the archive sends the whole series.

        Raises:
            Refused: The archive gives some or all of them not.
            Unreachable: The connection broke.
        """
        query = Dataset()
        query.QueryRetrieveLevel = "SERIES"
        query.StudyInstanceUID, query.SeriesInstanceUID = series.study_uid, series.uid
        self._inbox.expect(images, keep)
        model = StudyRootQueryRetrieveInformationModelGet
        try:
            answers = list(self._association.send_c_get(query, model))
        except (ValueError, RuntimeError) as error:
            raise Refused("does not answer C-GET; let it send to `callosal listen`") from error
        finally:
            error_of_disk = self._inbox.close()
        if error_of_disk is not None:
            raise error_of_disk
        status = getattr(answers[-1][0], "Status", None) if answers else None
        if status is None:
            raise Unreachable("the connection broke")
        if status not in (_SUCCESS, _SOME_FAILED):
            raise Refused(f"C-GET status {status:04X}")

    def _find(
        self, level: str, keys: Mapping[str, str], tags: Sequence[BaseTag | int] = ()
    ) -> list[Dataset]:
        query = Dataset()
        for tag in tags:
            element = BaseTag(tag)
            if not element.is_private:
                _add_empty(query, element)
        query.QueryRetrieveLevel = level
        for keyword, value in keys.items():
            setattr(query, keyword, value)
        found = []
        model = StudyRootQueryRetrieveInformationModelFind
        try:
            for status, answer in self._association.send_c_find(query, model):
                code = getattr(status, "Status", None)
                if code is None:
                    raise Unreachable("the connection broke")
                if code in _PENDING and answer is not None:
                    found.append(answer)
                elif code != _SUCCESS:
                    raise Refused(f"C-FIND status {code:04X}")
        except (ValueError, RuntimeError) as error:
            raise Refused("does not answer C-FIND") from error
        return found


class _Inbox:
    """Takes images that come by C-STORE; only those that were asked for."""

    def __init__(self) -> None:
        self._wanted: frozenset[str] = frozenset()
        self._keep: Keep | None = None
        self._fault: Exception | None = None

    def expect(self, images: Sequence[str], keep: Keep) -> None:
        self._wanted, self._keep, self._fault = frozenset(images), keep, None

    def close(self) -> Exception | None:
        """Take nothing more; returns what went wrong on this side."""
        self._keep = None
        return self._fault

    def take(self, event: Any) -> int:
        """Answer one C-STORE."""
        uid = str(event.request.AffectedSOPInstanceUID or "")
        if self._keep is None or uid not in self._wanted or event.request.DataSet is None:
            return _NOT_WANTED
        content = event.request.DataSet.getvalue()
        try:
            self._keep(uid, _PREAMBLE + encode_file_meta(event.file_meta) + content)
        except Exception as error:  # it would end in pynetdicom's thread, unseen
            self._fault = error
            return _NO_ROOM
        return _SUCCESS


def _add_empty(query: Dataset, tag: BaseTag) -> None:
    from pydicom.datadict import dictionary_VR

    representation = dictionary_VR(tag).split(" or ")[0]
    query.add_new(tag, representation, [] if representation == "SQ" else None)
