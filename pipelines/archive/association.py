"""An association with an archive, and why there is none, with pynetdicom."""

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pynetdicom import AE

from callosal.pipelines.archive.destination import Node
from callosal.pipelines.archive.faults import Unreachable
from callosal.pipelines.archive.library_logs import silence_libraries
from callosal.pipelines.archive.tls import reason_of

CONNECT_S = 10.0
ANSWER_S = 60.0


def caller(title: str) -> AE:
    """This side of a connection.

    Args:
        title: Its AE title.
    """
    silence_libraries()
    ae = AE(title)
    ae.connection_timeout = ae.acse_timeout = CONNECT_S
    ae.dimse_timeout = ae.network_timeout = ANSWER_S
    return ae


@contextmanager
def associated(
    ae: AE,
    node: Node,
    context: ssl.SSLContext | None,
    wanted: str,
    roles: Sequence[Any] = (),
    handlers: Sequence[Any] = (),
) -> Iterator[Any]:
    """An association for as long as it is needed.

    Args:
        ae: This side, with the contexts that it asks for.
        node: The archive.
        context: For TLS; None for plain connections.
        wanted: What the classes are of, for the message.
        roles: Items of the negotiation of roles.
        handlers: Handlers of events.

    Raises:
        Unreachable: There is none; the message says why.
    """
    try:
        association = ae.associate(
            node.host, node.port, ae_title=node.title, ext_neg=list(roles),
            evt_handlers=list(handlers), tls_args=None if context is None else (context, node.host),
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise Unreachable(reason_of(error)) from error
    if not association.is_established:
        raise Unreachable(_why_not(association, ae, node, context, wanted))
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def _why_not(
    association: Any, ae: AE, node: Node, context: ssl.SSLContext | None, wanted: str
) -> str:
    if association.is_rejected:
        answer = association.acceptor.primitive
        return f"rejected as {ae.ae_title}: {answer.reason_str}"
    if association.acceptor.primitive is not None:
        return f"accepts none of the classes of the {wanted}"
    # pynetdicom keeps the reason to itself.
    try:
        with socket.create_connection((node.host, node.port), CONNECT_S) as plain:
            if context is not None:
                context.wrap_socket(plain, server_hostname=node.host).close()
    except OSError as error:
        return reason_of(error)
    return "closes the connection without an answer; does it want TLS or a certificate?"
