"""A C-STORE node: takes MR images from known senders into a spool, within limits."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydicom.uid import UID
from pynetdicom import AE, _config, evt
from pynetdicom.dsutils import encode_file_meta
from pynetdicom.sop_class import Verification

from callosal.models.errors import InputError
from callosal.pipelines.dicom.codecs import choose_codec
from callosal.pipelines.dicom.headers import MR_IMAGE_CLASSES
from callosal.pipelines.dicom.syntax import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from callosal.pipelines.dicom.tree import printable
from callosal.pipelines.service.admission import Admission
from callosal.pipelines.service.intake import Intake, Throttle
from callosal.pipelines.service.limits import Limits
from callosal.pipelines.service.spool import Inbox, Spool, SpoolFull

SUCCESS = 0x0000
INVALID_INSTANCE = 0x0117
OUT_OF_RESOURCES = 0xA700
WRONG_CLASS = 0xA900
CANNOT_UNDERSTAND = 0xC000

COMPRESSED = (
    "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",  # JPEG lossless
    "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81",  # JPEG-LS
    "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203",  # HTJ2K
    "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51",  # JPEG, 8 and 12 bits
    "1.2.840.10008.1.2.5",  # RLE
)  # fmt: skip
"""Compressed transfer syntaxes of the reader; those without an installed codec are not offered."""

_PART_BYTES = 1 << 17
_PREAMBLE = bytes(128) + b"DICM"
_CONNECTIONS = 4
"""Connections for each association: those that have not said yet who they are count too."""

_HOSTS = 1000
"""Hosts of which it is remembered how much they have just sent."""

Tell = Callable[[str], None]


@dataclass(eq=False)
class _Visit:
    """One association, from its connection to its end."""

    host: str
    intake: Intake
    inbox: Inbox | None = None
    n_too_big: int = 0
    n_stored: int = 0
    n_refused: int = 0


class Listener:
    """Listens, receives and acknowledges; `received` of its spool is for others to watch.

    Args:
        spool: Where objects go.
        admission: Who may send.
        limits: How much.
        tell: Takes a line about who sent how much; never about whom.
    """

    def __init__(self, spool: Spool, admission: Admission, limits: Limits, tell: Tell) -> None:
        self._spool = spool
        self._admission = admission
        self._limits = limits
        self._tell = tell
        self._visits: dict[Any, _Visit] = {}
        self._throttles: dict[str, Throttle] = {}
        self._lock = threading.Lock()
        self._ae = AE()

    def start(self, bind: str, port: int, aet: str) -> int:
        """Listen at an address until `stop`.

        Returns:
            The port; that of the system's choice for 0.

        Raises:
            InputError: `port_taken`.
        """
        _silence()
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
        handlers = [
            (evt.EVT_CONN_OPEN, self._opened), (evt.EVT_CONN_CLOSE, self._closed),
            (evt.EVT_REJECTED, self._rejected), (evt.EVT_PDU_RECV, self._part),
            (evt.EVT_DIMSE_RECV, self._message), (evt.EVT_C_STORE, self._store),
            (evt.EVT_C_ECHO, self._echo),
        ]  # fmt: skip
        try:
            server = ae.start_server((bind, port), block=False, evt_handlers=handlers)
        except OSError as error:
            raise InputError(
                f"--bind {bind} --port {port}: cannot be taken ({error.strerror}); stop what "
                "listens there, or name another port",
                "port_taken",
            ) from error
        return int(server.server_address[1])

    def stop(self) -> None:
        """Take nothing any more; what was acknowledged is handed over."""
        self._ae.shutdown()
        for association in list(self._visits):
            self._end(association)

    def _opened(self, event: Any) -> None:
        host = str(event.address[0])
        with self._lock:
            if len(self._throttles) > _HOSTS:
                self._throttles.clear()
            throttle = self._throttles.setdefault(host, Throttle(self._limits.mb_per_s * 1e6))
            visit = _Visit(host, Intake(self._limits, throttle))
            self._visits[event.assoc] = visit
            n_open = len(self._visits)
        if not self._admission.lets_in(host):
            visit.intake.refusal = "its host is not in --allow-host"
        elif n_open > _CONNECTIONS * self._limits.associations:
            visit.intake.refusal = "too many connections"
        link = event.assoc.dul.socket
        connection = link.socket
        # The one place where bytes come in: pynetdicom has no hook before they are read.
        link.recv = lambda n_bytes: visit.intake.read(connection, n_bytes)

    def _closed(self, event: Any) -> None:
        self._end(event.assoc)

    def _end(self, association: Any) -> None:
        with self._lock:
            visit = self._visits.pop(association, None)
            if visit is None:
                return
        if visit.inbox is not None:
            try:
                visit.inbox.close()
            except OSError as error:
                self._tell(f"objects stay in incoming until a restart: {error.strerror}")
        if visit.intake.refusal:
            self._tell(f"cut off {_sender(association, visit)}: {visit.intake.refusal}")
        if visit.n_stored or visit.n_refused:
            counts = f"{visit.n_stored} objects received, {visit.n_refused} refused"
            self._tell(f"{_sender(association, visit)}: {counts}")

    def _rejected(self, event: Any) -> None:
        visit = self._visits.get(event.assoc)
        if visit is not None:
            called = printable(str(event.assoc.requestor.primitive.called_ae_title))
            self._tell(f"rejected {_sender(event.assoc, visit)} that called {called!r}")

    def _part(self, event: Any) -> None:
        """Count each part of a message; of an object that is too big, keep the frame alone."""
        visit = self._visits.get(event.assoc)
        for item in getattr(event.pdu, "presentation_data_value_items", ()):
            content = item.presentation_data_value
            if visit is None or not visit.intake.count_part(len(content)):
                item.presentation_data_value = content[:1]

    def _message(self, event: Any) -> None:
        """A message is whole; of an object that was too big, nothing is left."""
        visit = self._visits.get(event.assoc)
        if visit is not None and visit.intake.count_message():
            visit.n_too_big += 1
            event.message.data_set.truncate(0)

    def _echo(self, event: Any) -> int:
        visit = self._visits.get(event.assoc)
        if visit is not None:
            visit.intake.answered()
        return SUCCESS

    def _store(self, event: Any) -> int:
        visit = self._visits.get(event.assoc)
        if visit is None:
            return OUT_OF_RESOURCES
        visit.intake.answered()
        status = self._keep(event, visit)
        visit.n_stored += status == SUCCESS
        visit.n_refused += status != SUCCESS
        return status

    def _keep(self, event: Any, visit: _Visit) -> int:
        """Write an object as it came, with a file header before it; the status of it."""
        request = event.request
        uid = UID(request.AffectedSOPInstanceUID or "")
        content = request.DataSet.getbuffer()
        if request.AffectedSOPClassUID != event.context.abstract_syntax:
            return WRONG_CLASS
        if not uid.is_valid:
            return INVALID_INSTANCE
        if not len(content):
            return OUT_OF_RESOURCES if visit.n_too_big else CANNOT_UNDERSTAND
        if visit.n_stored >= self._limits.objects:
            return OUT_OF_RESOURCES
        name = self._spool.name_of(_title(event.assoc), uid)
        try:
            if visit.inbox is None:
                visit.inbox = self._spool.open_inbox()
            visit.inbox.store(name, [_PREAMBLE, encode_file_meta(event.file_meta), content])
        except (SpoolFull, OSError) as error:
            if not visit.n_refused:
                reason = getattr(error, "strerror", None) or "the spool is full"
                self._tell(f"refusing {_sender(event.assoc, visit)}: {reason}")
            return OUT_OF_RESOURCES
        return SUCCESS


def transfer_syntaxes() -> list[str]:
    """Transfer syntaxes that can be decoded here, the plain ones first."""
    usable = [EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG]
    for syntax in COMPRESSED:
        try:
            choose_codec(syntax)
        except InputError:
            continue
        usable.append(syntax)
    return usable


def _title(association: Any) -> str:
    return str(association.requestor.ae_title)


def _sender(association: Any, visit: _Visit) -> str:
    return f"{printable(_title(association))!r} at {visit.host}"


def _silence() -> None:
    """Have pynetdicom log nothing: it logs data of requests, and errors that quote them."""
    logger = logging.getLogger("pynetdicom")
    logger.handlers[:] = [logging.NullHandler()]
    logger.propagate = False
    _config.LOG_HANDLER_LEVEL = "none"
