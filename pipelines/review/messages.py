"""Requests of the page and answers of the server, without a socket."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callosal.models.errors import CallosalError, InputError


@dataclass(frozen=True)
class Request:
    """One request that passed the guard.

    Attributes:
        method: GET or POST.
        path: Parts of the path behind the token.
        if_match: The If-Match header, "" where absent.
        body: Content sent.
    """

    method: str
    path: tuple[str, ...]
    if_match: str = ""
    body: bytes = b""

    def json(self) -> Mapping[str, Any]:
        """The body as a JSON object.

        Raises:
            InputError: It is not one (`bad_request`).
        """
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise InputError("the request is not JSON", "bad_request") from error
        if not isinstance(content, dict):
            raise InputError("the request is not a JSON object", "bad_request")
        return content


@dataclass(frozen=True)
class Response:
    """One answer.

    Attributes:
        status: HTTP status.
        content_type: Media type.
        body: Content.
        headers: Further headers.
    """

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(
    content: Mapping[str, Any] | list[Any], status: int = 200, etag: int | None = None
) -> Response:
    """An answer in JSON, with the revision, if any, as its ETag."""
    headers = {} if etag is None else {"ETag": f'"{etag}"'}
    body = json.dumps(content, allow_nan=False).encode("utf-8")
    return Response(status, "application/json", body, headers)


def error_response(error: CallosalError, status: int) -> Response:
    """An error as code and message."""
    return json_response({"code": error.code, "message": str(error)}, status)


def not_found() -> Response:
    """There is nothing here."""
    return json_response({"code": "not_found", "message": "there is nothing here"}, 404)
