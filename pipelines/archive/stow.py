"""Sends objects by STOW-RS, with dicomweb-client."""

import io
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from dicomweb_client import DICOMwebClient
from pydicom import dcmread
from pydicom.dataset import Dataset

from callosal.models.errors import InputError
from callosal.pipelines.archive.faults import Refused, Unreachable
from callosal.pipelines.archive.library_logs import silence_libraries
from callosal.pipelines.archive.login import Login
from callosal.pipelines.archive.outgoing import OutgoingObject
from callosal.pipelines.archive.tls import Tls, reason_of

CONNECT_S = 10.0
ANSWER_S = 60.0

_WHOLE = 1 << 30
"""Objects are sent in one piece: the client sends nothing where it repeats one in several."""

_LOGIN = frozenset({401, 403, 407})
_AWAY = frozenset({404, 405, 408, 421, 429, 502, 503, 504, 507})
"""Answers that say nothing of the object: the service is away, busy, full or elsewhere."""

_OUT_OF_RESOURCES = 0xA700
_DUPLICATE = 0x0111


class StowArchive:
    """An archive that takes STOW-RS.

    Args:
        url: Its DICOMweb root, such as https://archive.example/dicom-web.
        login: Token, or user and password; None for none.
        tls: Certificates.

    Raises:
        InputError: `wrong_usage`: no such URL, or a login that would travel in the clear.
    """

    def __init__(self, url: str, login: Login | None, tls: Tls) -> None:
        silence_libraries()
        self._url = _checked(url, login)
        self._session = _Session()
        self._session.max_redirects = 0
        if login is not None and login.token:
            self._session.headers["Authorization"] = f"Bearer {login.token}"
            # Else requests would put the login of a .netrc in its place.
            self._session.auth = _unchanged
        elif login is not None:
            self._session.auth = (login.user, login.password)
        if tls.ca is not None:
            self._session.verify = str(tls.ca)
        if tls.certificate is not None:
            self._session.cert = (str(tls.certificate), str(tls.key))
        if tls.is_used:
            tls.client_context("--send-tls")  # a wrong file is an error now, not at each try

    def __str__(self) -> str:
        return self._url

    @contextmanager
    def connect(self) -> Iterator["StowLink"]:
        """The service; the first object shows whether it is there."""
        client = DICOMwebClient(
            self._url, session=self._session, chunk_size=_WHOLE, timeout=(CONNECT_S, ANSWER_S)
        )
        client.set_http_retry_params(retry=False)
        yield StowLink(client)


class StowLink:
    """A DICOMweb service.

    Args:
        client: For its URL.
    """

    is_open = True

    def __init__(self, client: DICOMwebClient) -> None:
        self._client = client

    def send(self, outgoing: OutgoingObject) -> None:
        """Send an object; it is in the archive when this returns.

        Raises:
            Refused: The archive does not take it.
            Unreachable: There is no service, or it does not let us in.
        """
        try:
            answer = self._client.store_instances([dcmread(io.BytesIO(outgoing.content))])
        except requests.HTTPError as error:
            raise _http_fault(error) from error
        except requests.TooManyRedirects as error:
            raise Unreachable("redirects to another address; name that one") from error
        except requests.RequestException as error:
            raise Unreachable(_connection_words(error)) from error
        except ValueError as error:
            raise Refused("an answer that is no STOW-RS") from error
        _check_stored(answer, outgoing.sop_instance_uid)


class _Session(requests.Session):  # type: ignore[misc]  # it has no types
    """Trusts the certificates it was given: requests prefers those of REQUESTS_CA_BUNDLE."""

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Settings of a request, those of the environment where none are given here."""
        given = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, given, cert)


def _check_stored(answer: Dataset, sop_instance_uid: str) -> None:
    """Whether the answer says that the object is stored."""
    for item in answer.get("FailedSOPSequence", []):
        reason = int(item.get("FailureReason", 0))
        if reason & 0xFF00 == _OUT_OF_RESOURCES:
            raise Unreachable(f"out of resources (status {reason:04X})")
        if reason != _DUPLICATE:
            raise Refused(f"status {reason:04X}")
        return
    stored = {
        str(item.get("ReferencedSOPInstanceUID", ""))
        for item in answer.get("ReferencedSOPSequence", [])
    }
    if sop_instance_uid not in stored:
        raise Refused("an answer that does not name the object")


def _http_fault(error: requests.HTTPError) -> Exception:
    code = 0 if error.response is None else error.response.status_code
    if code in _LOGIN:
        return Unreachable(f"refuses the login (HTTP {code}); look at --stow-login")
    if code in _AWAY:
        return Unreachable(f"HTTP {code}")
    return Refused(f"HTTP {code}")


def _connection_words(error: requests.RequestException) -> str:
    """The innermost reason of a connection that failed; never the text, which has the URL."""
    inner: BaseException | None = error
    seen: set[int] = set()
    while inner is not None and id(inner) not in seen:
        seen.add(id(inner))
        if isinstance(inner, OSError) and not isinstance(inner, requests.RequestException):
            return reason_of(inner)
        reason = getattr(inner, "reason", None)
        nested = [value for value in inner.args if isinstance(value, BaseException)]
        inner = (
            reason if isinstance(reason, BaseException)
            else next(iter(nested), inner.__cause__ or inner.__context__)
        )  # fmt: skip
    return "no answer" if isinstance(error, requests.Timeout) else "no connection"


def _checked(url: str, login: Login | None) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise InputError(
            f"--stow {url!r}: must be a DICOMweb root, such as https://archive.example/dicom-web",
            "wrong_usage",
        )
    if parts.username or parts.password:
        raise InputError(
            "--stow: a login in the address is seen by all on this machine; put it into a file for "
            "--stow-login",
            "wrong_usage",
        )
    if login is not None and parts.scheme == "http" and not _is_here(parts.hostname):
        raise InputError(
            f"--stow {url}: the login would travel in the clear; use https", "wrong_usage"
        )
    return url.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
