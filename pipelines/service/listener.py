"""A C-STORE node: takes MR images from known senders into a spool, within limits."""

import re
import ssl
import threading
from collections.abc import Callable
from typing import Any

from pydicom.uid import UID
from pynetdicom import AE, evt
from pynetdicom.dsutils import encode_file_meta
from pynetdicom.pdu import A_RELEASE_RQ
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification

from callosal.models.errors import InputError
from callosal.pipelines.archive.commitment import Commitments
from callosal.pipelines.archive.library_logs import silence_libraries
from callosal.pipelines.dicom.headers import MR_IMAGE_CLASSES
from callosal.pipelines.dicom.transfer_syntaxes import transfer_syntaxes
from callosal.pipelines.dicom.tree import printable
from callosal.pipelines.service.admission import Admission
from callosal.pipelines.service.associations import Association, Associations
from callosal.pipelines.service.limits import Limits
from callosal.pipelines.service.spool import OtherContent, Spool, SpoolFull

SUCCESS = 0x0000
DUPLICATE_INSTANCE = 0x0111
INVALID_INSTANCE = 0x0117
OUT_OF_RESOURCES = 0xA700
WRONG_CLASS = 0xA900
CANNOT_UNDERSTAND = 0xC000

_REASONS = {
    DUPLICATE_INSTANCE: "an image of another content is here under the same SOPInstanceUID; it "
    "stays, and this one is not kept",
    INVALID_INSTANCE: "a SOPInstanceUID that is none",
    OUT_OF_RESOURCES: "an object that is too big, or more objects than an association may send",
    WRONG_CLASS: "an object of another class than was agreed",
    CANNOT_UNDERSTAND: "an object without content",
}
_LONGEST_UID = 64
_NAMES = 5
_PART_BYTES = 1 << 17
_PREAMBLE = bytes(128) + b"DICM"

Tell = Callable[[str], None]


class Listener:
    """Listens, receives and acknowledges; `received` of its spool is for others to watch.

    Args:
        spool: Where objects go.
        admission: Who may send.
        limits: How much.
        tell: Called with a line on the sender and the number of objects, never on a patient.
        commitments: Takes the reports of archives on storage commitment; None refuses them.
    """

    def __init__(
        self,
        spool: Spool,
        admission: Admission,
        limits: Limits,
        tell: Tell,
        commitments: Commitments | None = None,
    ) -> None:
        self._spool = spool
        self._admission = admission
        self._limits = limits
        self._tell = tell
        self._commitments = commitments
        self._visits = Associations(spool, admission, limits)
        self._ae = AE()
        self._hook_before = threading.excepthook

    def start(self, bind: str, port: int, aet: str, context: ssl.SSLContext | None = None) -> int:
        """Listen at an address until `stop`.

        Args:
            bind: The address.
            port: The port.
            aet: AE title of this node.
            context: For TLS; None for plain connections.

        Returns:
            The port; that of the system's choice for 0.

        Raises:
            InputError: `port_taken`.
        """
        silence_libraries()
        ae, limits = self._ae, self._limits
        ae.ae_title = aet
        ae.require_called_aet = True
        ae.require_calling_aet = list(self._admission.ae_titles)
        ae.maximum_associations = limits.associations
        ae.maximum_pdu_size = _PART_BYTES
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = limits.idle_s
        for sop_class in sorted(MR_IMAGE_CLASSES):
            ae.add_supported_context(sop_class, transfer_syntaxes())
        ae.add_supported_context(Verification)
        if self._commitments is not None:
            # An archive that reports is the one that provides the service.
            ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        handlers = [
            (evt.EVT_CONN_OPEN, self._opened), (evt.EVT_CONN_CLOSE, self._closed),
            (evt.EVT_REJECTED, self._rejected), (evt.EVT_ACCEPTED, self._accepted),
            (evt.EVT_PDU_RECV, self._part), (evt.EVT_DIMSE_RECV, self._message),
            (evt.EVT_C_STORE, self._store), (evt.EVT_C_ECHO, self._echo),
            (evt.EVT_N_EVENT_REPORT, self._reported),
        ]  # fmt: skip
        try:
            server = ae.start_server(
                (bind, port), block=False, evt_handlers=handlers, ssl_context=context
            )
        except OSError as error:
            raise InputError(
                f"--bind {bind} --port {port}: cannot be taken ({error.strerror}); stop what "
                "listens there, or name another port",
                "port_taken",
            ) from error
        # Their own handlers print a traceback, whose last line may quote what was sent.
        server.handle_error = self._connection_failed
        self._hook_before, threading.excepthook = threading.excepthook, self._thread_failed
        return int(server.server_address[1])

    def stop(self) -> None:
        """Stop receiving; acknowledged objects are handed over."""
        self._ae.shutdown()
        threading.excepthook = self._hook_before
        for association in self._visits.associations:
            self._end(association)

    def end_lost(self) -> None:
        """End associations that pynetdicom left without saying so: their objects wait in them."""
        association: Any  # a thread of pynetdicom, which has no types
        for association in self._visits.associations:
            was_started = association.ident is not None
            if was_started and not association.is_alive() and not association.dul.is_alive():
                self._end(association)

    def _thread_failed(self, fault: Any) -> None:
        """A thread ended by an exception; one of pynetdicom's leaves its association open."""
        association = getattr(fault.thread, "assoc", fault.thread)
        visit = self._visits.of(association)
        if visit is None:
            self._hook_before(fault)
            return
        sender = visit.sender(_title(association))
        self._tell(f"{sender}: the association ended by a fault ({fault.exc_type.__name__})")
        association.dul.kill_dul()
        association.dul.socket.close()
        self._end(association)

    def _connection_failed(self, _: Any, address: tuple[str, int]) -> None:
        self._tell(f"a connection from {address[0]} could not be taken")

    def _opened(self, event: Any) -> None:
        visit = self._visits.begin(event.assoc, str(event.address[0]))
        link = event.assoc.dul.socket
        connection = link.socket
        # The one place where bytes come in: pynetdicom has no hook before they are read.
        link.recv = lambda n_bytes: visit.intake.read(connection, n_bytes)

    def _closed(self, event: Any) -> None:
        self._end(event.assoc)

    def _end(self, association: Any) -> None:
        visit = self._visits.end(association)
        if visit is None:
            return
        sender = visit.sender(_title(association))
        try:
            visit.inbox.close(visit.is_released)
        except OSError as error:
            self._tell(f"{sender}: objects stay in incoming until a restart: {error.strerror}")
        if visit.intake.refusal:
            self._tell(f"cut off {sender}: {visit.intake.refusal}")
        if visit.n_stored or visit.n_refused:
            broke = (
                "" if visit.is_released else "; the association broke, so they wait for the rest"
            )
            self._tell(f"{sender}: {visit.n_stored} objects received, {visit.n_refused} refused"
                       f"{broke}")  # fmt: skip

    def _rejected(self, event: Any) -> None:
        visit = self._visits.of(event.assoc)
        if visit is not None:
            sender = visit.sender(_title(event.assoc))
            self._tell(f"rejected {sender}: {self._why(event.assoc)}")

    def _why(self, association: Any) -> str:
        """Why an association was rejected, with the option that would have let it in."""
        called = printable(str(association.requestor.primitive.called_ae_title).strip())
        if called != self._ae.ae_title:
            return f"it called {called!r}; this node is {self._ae.ae_title!r} (--aet)"
        if _title(association) not in self._admission.ae_titles:
            return "its AE title is not in --allow-ae"
        return (f"{self._limits.associations} associations are open already "
                "(--limits.associations)")  # fmt: skip

    def _accepted(self, event: Any) -> None:
        """Say that nothing of what was offered is taken: else the sender alone knows it."""
        visit = self._visits.of(event.assoc)
        offered = {str(context.abstract_syntax) for context in event.assoc.rejected_contexts}
        taken = {str(context.abstract_syntax) for context in event.assoc.accepted_contexts}
        if visit is None or not offered or taken & {*MR_IMAGE_CLASSES, StorageCommitmentPushModel}:
            return
        names = sorted(printable(UID(uid).name) for uid in offered)
        told = ", ".join(names[:_NAMES]) + (" and more" if len(names) > _NAMES else "")
        sender = visit.sender(_title(event.assoc))
        self._tell(f"{sender} offers only what is not taken here: {told}; taken are MR images "
                   "in the syntaxes that `callosal doctor` lists")  # fmt: skip

    def _part(self, event: Any) -> None:
        """Count each part of a message; of an object that is too big, keep the frame alone."""
        visit = self._visits.of(event.assoc)
        if visit is not None and isinstance(event.pdu, A_RELEASE_RQ):
            visit.is_released = True
        for item in getattr(event.pdu, "presentation_data_value_items", ()):
            content = item.presentation_data_value
            if visit is None or not visit.intake.count_part(len(content)):
                item.presentation_data_value = content[:1]

    def _message(self, event: Any) -> None:
        """A message is whole; of an object that was too big, nothing is left."""
        visit = self._visits.of(event.assoc)
        if visit is not None and visit.intake.count_message():
            visit.n_too_big += 1
            event.message.data_set.truncate(0)

    def _echo(self, event: Any) -> int:
        visit = self._visits.of(event.assoc)
        if visit is not None:
            visit.intake.answered()
        return SUCCESS

    def _reported(self, event: Any) -> tuple[int, None]:
        self._echo(event)
        if self._commitments is None:
            return CANNOT_UNDERSTAND, None
        return self._commitments.take(event)

    def _store(self, event: Any) -> int:
        visit = self._visits.of(event.assoc)
        if visit is None:
            return OUT_OF_RESOURCES
        visit.intake.answered()
        status = self._keep(event, visit)
        if status != SUCCESS and status not in visit.reported:
            visit.reported.add(status)
            self._tell(f"refusing {visit.sender(_title(event.assoc))}: {_REASONS[status]}")
        visit.n_stored += status == SUCCESS
        visit.n_refused += status != SUCCESS
        return status

    def _keep(self, event: Any, visit: Association) -> int:
        """Write an object as received, with a file header before it; returns the status."""
        request = event.request
        uid = str(request.AffectedSOPInstanceUID or "")
        content = request.DataSet.getbuffer() if request.DataSet is not None else b""
        if request.AffectedSOPClassUID != event.context.abstract_syntax:
            return WRONG_CLASS
        # Leading zeros are against the standard, and common.
        if len(uid) > _LONGEST_UID or not re.fullmatch(r"[0-9]+(\.[0-9]+)*", uid):
            return INVALID_INSTANCE
        if not len(content):
            return OUT_OF_RESOURCES if visit.n_too_big else CANNOT_UNDERSTAND
        if visit.n_stored >= self._limits.objects:
            return OUT_OF_RESOURCES
        name = self._spool.name_of(_title(event.assoc), uid)
        try:
            visit.inbox.store(
                _title(event.assoc), name, [_PREAMBLE, encode_file_meta(event.file_meta), content]
            )
        except OtherContent:
            return DUPLICATE_INSTANCE
        except (SpoolFull, OSError) as error:
            if OUT_OF_RESOURCES not in visit.reported:
                reason = getattr(error, "strerror", None) or "the spool is full"
                self._tell(f"refusing {visit.sender(_title(event.assoc))}: {reason}")
            visit.reported.add(OUT_OF_RESOURCES)
            return OUT_OF_RESOURCES
        return SUCCESS


def _title(association: Any) -> str:
    return str(association.requestor.ae_title)
