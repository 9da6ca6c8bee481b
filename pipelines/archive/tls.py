"""TLS of a connection. Imports nothing heavy, because the command line reads it."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callosal.models.errors import InputError


@dataclass(frozen=True)
class Tls:
    """Certificates, as PEM files. With any of them the connection is encrypted (TLS 1.2 or newer).

    Attributes:
        ca: Certificates that the other side's must come from.
        certificate: Certificate of this side, with those between it and its root.
        key: Its private key, unencrypted, readable by you alone.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise InputError(
                "tls.certificate and tls.key: one needs the other; name both", "wrong_usage"
            )

    @property
    def is_used(self) -> bool:
        """Whether anything is set."""
        return self.ca is not None or self.certificate is not None

    def client_context(self, option: str) -> ssl.SSLContext:
        """For connecting: the server's certificate and name are checked.

        Args:
            option: Name of the option, for messages.

        Raises:
            InputError: `bad_certificate`.
        """
        return self._filled(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), option)

    def server_context(self, option: str) -> ssl.SSLContext:
        """For listening: with `ca`, clients must show a certificate of it.

        Args:
            option: Name of the option, for messages.

        Raises:
            InputError: `wrong_usage` without a certificate; `bad_certificate`.
        """
        if self.certificate is None:
            raise InputError(
                f"{option}.certificate: a node that listens with TLS needs one, and its "
                f"{option}.key",
                "wrong_usage",
            )
        context = _ServerContext(ssl.PROTOCOL_TLS_SERVER)
        if self.ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        return self._filled(context, option)

    def _filled(self, context: ssl.SSLContext, option: str) -> ssl.SSLContext:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            if self.ca is not None:
                context.load_verify_locations(self.ca)
            elif context.verify_mode is ssl.CERT_REQUIRED:
                context.load_default_certs()
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (OSError, ValueError) as error:
            raise InputError(
                f"{option}: a file cannot be used ({reason_of(error)}); it must be a PEM file, and "
                "the key must be that of the certificate and not encrypted",
                "bad_certificate",
            ) from error
        return context


class _ServerContext(ssl.SSLContext):
    """Leaves the handshake to the first read, which has a time limit.

    pynetdicom would wait for it in the thread that takes all connections, without end.
    """

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*args, **{**options, "do_handshake_on_connect": False})


def reason_of(error: Exception) -> str:
    """What OpenSSL or the system says, in plain words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    if isinstance(error, TimeoutError):
        return "no answer"
    return str(getattr(error, "strerror", None) or type(error).__name__).lower()


def _no_password() -> str:
    """A key with a password must not make the service ask for it on the terminal."""
    raise ValueError("the key is encrypted")
