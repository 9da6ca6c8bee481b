"""Sends objects by C-STORE, with pynetdicom."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pydicom import dcmread
from pydicom.uid import (
    Comprehensive3DSRStorage,
    ExplicitVRLittleEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)
from pynetdicom import evt
from pynetdicom.sop_class import StorageCommitmentPushModel

from callosal.pipelines.archive.association import associated, caller
from callosal.pipelines.archive.commitment import Commitments
from callosal.pipelines.archive.destination import Node
from callosal.pipelines.archive.faults import Refused, Unreachable
from callosal.pipelines.archive.outgoing import OutgoingObject
from callosal.pipelines.archive.tls import Tls

SENT_CLASSES = (
    SegmentationStorage,
    Comprehensive3DSRStorage,
    SecondaryCaptureImageStorage,
    GrayscaleSoftcopyPresentationStateStorage,
)
"""Classes that are proposed; an archive that lacks one still gets the others."""

_SILENT_ASKS = 3
_OUT_OF_RESOURCES = 0xA700
_WARNINGS = frozenset({0xB000, 0xB006, 0xB007})
"""The object is stored, if with other elements."""


class StoreArchive:
    """An archive that takes C-STORE.

    Args:
        node: The archive.
        title: AE title of this side.
        tls: Certificates; without any, nothing is encrypted.
        commitments: Where reports on storage commitment come; those that the archive sends over an
            association of its own are taken by who has it too.

    Raises:
        InputError: `bad_certificate`.
    """

    def __init__(
        self,
        node: Node,
        title: str,
        tls: Tls = Tls(),  # noqa: B008 (frozen)
        commitments: Commitments | None = None,
    ) -> None:
        self._node = node
        self._commitments = commitments or Commitments()
        self._n_silent = 0
        self._context = tls.client_context("--send-tls") if tls.is_used else None
        self._ae = caller(title)
        for sop_class in SENT_CLASSES:
            self._ae.add_requested_context(
                sop_class, [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
            )
        self._ae.add_requested_context(StorageCommitmentPushModel)

    def __str__(self) -> str:
        return str(self._node)

    @contextmanager
    def connect(self) -> Iterator["StoreLink"]:
        """An association for as long as it is needed.

        Raises:
            Unreachable: There is none; the message says why.
        """
        handlers = [
            (evt.EVT_N_EVENT_REPORT, self._commitments.take),
            (evt.EVT_PDU_SENT, self._commitments.replied),
        ]
        with associated(
            self._ae, self._node, self._context, "results", handlers=handlers
        ) as association:
            yield StoreLink(association, self)

    def lost(self, association: Any, objects: Sequence[OutgoingObject]) -> frozenset[str] | None:
        """See `StoreLink.lost`; an archive that gave no report three times is not asked again."""
        if self._n_silent >= _SILENT_ASKS or not association.is_established:
            return None
        offered = {context.abstract_syntax for context in association.accepted_contexts}
        if StorageCommitmentPushModel not in offered:
            return None
        found = self._commitments.ask(association, objects)
        self._n_silent = self._n_silent + 1 if found is None else 0
        return found


class StoreLink:
    """An association.

    Args:
        association: The established one.
        archive: Where it leads.
    """

    def __init__(self, association: Any, archive: StoreArchive) -> None:
        self._association = association
        self._archive = archive

    @property
    def is_open(self) -> bool:
        """Whether more can be sent."""
        return bool(self._association.is_established)

    def send(self, outgoing: OutgoingObject) -> None:
        """Send an object; it is in the archive when this returns.

        Raises:
            Refused: The archive does not take it, or the connection broke over it.
            Unreachable: The archive has no room now.
        """
        try:
            answer = self._association.send_c_store(dcmread(io.BytesIO(outgoing.content)))
        except ValueError as error:
            raise Refused(f"does not accept the class {outgoing.sop_class_uid}") from error
        except RuntimeError as error:
            raise Refused("the association was aborted") from error
        status = getattr(answer, "Status", None)
        if status is None:
            raise Refused("no answer, or the association was aborted")
        if status == 0 or status in _WARNINGS:
            return
        if status & 0xFF00 == _OUT_OF_RESOURCES:
            raise Unreachable(f"out of resources (status {status:04X})")
        raise Refused(f"status {status:04X}")

    def lost(self, objects: Sequence[OutgoingObject]) -> frozenset[str] | None:
        """Objects that the archive took and does not keep, by storage commitment.

        Returns:
            Their SOP Instance UIDs; None where it does not offer storage commitment, or gives no
            report.
        """
        return self._archive.lost(self._association, objects)
