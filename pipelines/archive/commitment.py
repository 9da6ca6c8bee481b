"""Storage commitment: whether an archive promises to keep what it was sent.

It is asked by N-ACTION and answers by N-EVENT-REPORT, on the association that asked or, as most
archives do, on one of its own. Only `callosal listen` has a port for the latter.
"""

import threading
from collections.abc import Sequence
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from callosal.pipelines.archive.outgoing import OutgoingObject

ANSWER_S = 10.0
_ASK = 1
_SUCCESS, _NO_SUCH_TRANSACTION = 0x0000, 0x0110


class Commitments:
    """Requests of a process and the reports on them; threads may share it.

    Args:
        answer_s: How long a report is waited for.
    """

    def __init__(self, answer_s: float = ANSWER_S) -> None:
        self._answer_s = answer_s
        self._changed = threading.Condition()
        self._reports: dict[str, frozenset[str] | None] = {}
        self._replying: set[Any] = set()

    def ask(self, association: Any, objects: Sequence[OutgoingObject]) -> frozenset[str] | None:
        """Ask whether objects are kept.

        Args:
            association: One on which the archive offers storage commitment.
            objects: What it was sent.

        Returns:
            SOP Instance UIDs of those that it does not keep; None if it gives no report in time.
        """
        transaction = str(generate_uid(prefix=None))
        with self._changed:
            self._reports[transaction] = None
        try:
            status, _ = association.send_n_action(
                _request(transaction, objects), _ASK, StorageCommitmentPushModel,
                StorageCommitmentPushModelInstance,
            )  # fmt: skip
            if getattr(status, "Status", None) != _SUCCESS:
                return None
            with self._changed:
                # Released before the report is answered, an association breaks off.
                self._changed.wait_for(
                    lambda: (
                        self._reports[transaction] is not None and association not in self._replying
                    ),
                    self._answer_s,
                )
                return self._reports[transaction]
        except (ValueError, RuntimeError):
            return None
        finally:
            with self._changed:
                del self._reports[transaction]
                self._replying.discard(association)

    def take(self, event: Any) -> tuple[int, None]:
        """Handle an N-EVENT-REPORT of pynetdicom; returns its status."""
        try:
            report = event.event_information
            transaction = str(report.TransactionUID)
            lost = frozenset(
                str(item.ReferencedSOPInstanceUID) for item in report.get("FailedSOPSequence", [])
            )
        except Exception:  # what a peer sends need not be a data set
            return _NO_SUCH_TRANSACTION, None
        with self._changed:
            if transaction not in self._reports:
                return _NO_SUCH_TRANSACTION, None
            self._reports[transaction] = lost
            if event.assoc.is_requestor:
                self._replying.add(event.assoc)
            self._changed.notify_all()
        return _SUCCESS, None

    def replied(self, event: Any) -> None:
        """Note that a message left an association that asked (EVT_PDU_SENT of pynetdicom)."""
        if isinstance(event.pdu, P_DATA_TF):
            with self._changed:
                self._replying.discard(event.assoc)
                self._changed.notify_all()


def _request(transaction: str, objects: Sequence[OutgoingObject]) -> Dataset:
    request = Dataset()
    request.TransactionUID = transaction
    request.ReferencedSOPSequence = []
    for one in objects:
        item = Dataset()
        item.ReferencedSOPClassUID = one.sop_class_uid
        item.ReferencedSOPInstanceUID = one.sop_instance_uid
        request.ReferencedSOPSequence.append(item)
    return request
