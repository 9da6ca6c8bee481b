"""The review server: this machine only, one secret address, standard library."""

import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from callosal.pipelines.review.guard import HEADERS, HOST, Guard
from callosal.pipelines.review.messages import PageRequest, PageResponse, json_response, not_found
from callosal.pipelines.review.routes import Routes

MAX_JSON_BYTES = 1 << 16
MAX_TRIED_BYTES = 1 << 28
_TIMEOUT_S = 30.0
_ASKED_BY_OTHERS = (
    "only the review page itself may ask; where it is reached by another name or through a tunnel, "
    "start `callosal review` with --host-name and that name"
)


class ReviewServer(ThreadingHTTPServer):
    """Serves one run on a free port of the loopback address.

    Args:
        routes: What to answer.
        port: Port to take, 0 for any free one.
        host_names: Further names that it is reached by.
    """

    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, routes: Routes, port: int = 0, host_names: tuple[str, ...] = ()) -> None:
        super().__init__((HOST, port), _Handler)
        self.routes = routes
        self.guard = Guard(secrets.token_urlsafe(24), int(self.server_address[1]), host_names)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep silent about a page that was closed in mid-answer."""


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    timeout = _TIMEOUT_S
    protocol_version = "HTTP/1.1"
    server_version = "callosal"
    sys_version = ""

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: addresses hold the token."""

    def _respond(self) -> None:
        try:
            response = self._answer()
        except Exception as error:
            # One faulty request must not end the review; the type names no patient.
            response = json_response(
                {"code": "internal_error", "message": f"{type(error).__name__}; please report it"},
                500,
            )
        self.send_response(response.status)
        for name, value in {**HEADERS, **response.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    def _answer(self) -> PageResponse:
        guard = self.server.guard
        if not guard.admits(self.command, dict(self.headers)):
            return self._refuse(403, "forbidden", _ASKED_BY_OTHERS)
        path = guard.path(self.path)
        if path is None:
            self.close_connection = True
            return not_found()
        length = self._body_length()
        limit = MAX_TRIED_BYTES if path == ("tried",) else MAX_JSON_BYTES
        if length is None or length > limit:
            return self._refuse(413, "too_large", f"at most {limit} bytes are taken")
        body = self.rfile.read(length)
        return self.server.routes.answer(
            PageRequest(self.command, path, self.headers.get("If-Match", ""), body)
        )

    def _body_length(self) -> int | None:
        """Length of the body; None if the header is missing."""
        if self.command == "GET":
            return 0
        told = self.headers.get("Content-Length", "")
        return int(told) if told.isdecimal() else None

    def _refuse(self, status: int, code: str, message: str) -> PageResponse:
        self.close_connection = True
        return json_response({"code": code, "message": message}, status)
