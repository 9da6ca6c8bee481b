"""Who may talk to the server: the page it served itself, on this machine, and nobody else."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from callosal.models.errors import InputError

HOST = "127.0.0.1"

# 'self' is this server alone: no request can leave the machine, whatever a file may hold.
CONTENT_POLICY = "; ".join([
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
])  # fmt: skip

# The report carries its script and style in itself, and a policy with their hashes: this one
# only lets that stricter one decide, and the report show the pictures of the cases.
REPORT_POLICY = "; ".join([
    "default-src 'none'",
    "script-src 'unsafe-inline'",
    "style-src 'unsafe-inline'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
])  # fmt: skip

HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?")
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class Guard:
    """The lock of one server.

    Attributes:
        token: Secret first part of every path.
        port: Port of the server on the loopback address.
        host_names: Further names that it is reached by, such as `localhost` or that of a tunnel's
            end, with a port where that differs.
    """

    token: str
    port: int
    host_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.host_names:
            if not _NAME.fullmatch(name):
                raise InputError(
                    f"--host-name {name}: must be a name such as localhost or review.example.org, "
                    "with a port where it has another one (localhost:8000)",
                    "wrong_usage",
                )

    @property
    def origin(self) -> str:
        """Origin of the page."""
        return f"http://{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """Address of the page, token included."""
        return f"{self.origin}/{self.token}/"

    def admits(self, method: str, headers: Mapping[str, str]) -> bool:
        """Whether host and origin are this server's own.

        The host is checked against DNS rebinding: a foreign name that points to this machine.
        What changes something has to name its origin, which no other page can forge.

        Args:
            method: HTTP method.
            headers: Headers of the request.
        """
        host = headers.get("Host", "").lower()
        if host not in self._hosts():
            return False
        origin = headers.get("Origin")
        is_own = origin in (f"http://{host}", f"https://{host}")
        return is_own or (method == "GET" and origin is None)

    def _hosts(self) -> frozenset[str]:
        named = {name.lower() for name in self.host_names}
        with_port = {f"{name}:{self.port}" for name in named if ":" not in name}
        return frozenset({f"{HOST}:{self.port}", *named, *with_port})

    def path(self, target: str) -> tuple[str, ...] | None:
        """Parts of a request's path behind the token; None where it has another token or form.

        No part can be empty, start with a dot or hold an escape, so none leads upward.

        >>> Guard("secret", 80).path("/secret/cases/case-1")
        ('cases', 'case-1')
        >>> Guard("secret", 80).path("/secret/../etc") is None
        True
        """
        first, *parts = target.partition("?")[0].removeprefix("/").split("/")
        if not hmac.compare_digest(first.encode(), self.token.encode()):
            return None
        if parts and not parts[-1]:
            parts.pop()
        return tuple(parts) if all(_PART.fullmatch(part) for part in parts) else None
