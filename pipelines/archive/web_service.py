"""A DICOMweb service: its address and login checked, its certificates, and what its faults mean."""

import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from dicomweb_client import DICOMwebClient

from callosal.models.errors import InputError
from callosal.pipelines.archive.faults import Refused, Unreachable
from callosal.pipelines.archive.library_logs import silence_libraries
from callosal.pipelines.archive.login import Login
from callosal.pipelines.archive.tls import Tls, reason_of

CONNECT_S = 10.0
ANSWER_S = 60.0

_WHOLE = 1 << 30
"""Objects are sent in one piece: the client sends nothing where it repeats one in several."""

_LOGIN = frozenset({401, 403, 407})
_AWAY = frozenset({404, 405, 408, 421, 429, 502, 503, 504, 507})
"""Answers that say nothing of the object: the service is away, busy, full or elsewhere."""


@dataclass(frozen=True)
class WebOptions:
    """Names of the options that a service was given by, for messages.

    Attributes:
        url: That of its address.
        login: That of its login.
        tls: That of the certificates.
    """

    url: str
    login: str
    tls: str


@dataclass(frozen=True, eq=False)
class WebService:
    """A service that can be asked.

    Attributes:
        url: Its DICOMweb root, without a slash at the end.
        session: Carries login and certificates.
    """

    url: str
    session: requests.Session

    @classmethod
    def of(cls, url: str, login: Login | None, tls: Tls, options: WebOptions) -> "WebService":
        """A service; nothing is connected yet.

        Args:
            url: Its DICOMweb root, such as https://archive.example/dicom-web.
            login: Token, or user and password, or None.
            tls: Certificates.
            options: Names for messages.

        Raises:
            InputError: `wrong_usage`: no such URL, or a login that would travel in the clear.
        """
        silence_libraries()
        address = _checked(url, login, options)
        session = _Session()
        session.max_redirects = 0
        if login is not None and login.token:
            session.headers["Authorization"] = f"Bearer {login.token}"
            # Else requests would put the login of a .netrc in its place.
            session.auth = _unchanged
        elif login is not None:
            session.auth = (login.user, login.password)
        if tls.ca is not None:
            session.verify = str(tls.ca)
        if tls.certificate is not None:
            session.cert = (str(tls.certificate), str(tls.key))
        if tls.is_used:
            tls.client_context(options.tls)  # a wrong file is an error now, not at each try
        return cls(address, session)

    def client(self) -> DICOMwebClient:
        """A client that tries once."""
        client = DICOMwebClient(
            self.url, session=self.session, chunk_size=_WHOLE, timeout=(CONNECT_S, ANSWER_S)
        )
        client.set_http_retry_params(retry=False)
        return client


def fault_of(error: requests.RequestException, options: WebOptions) -> Exception:
    """What a failed request means: `Unreachable`, or `Refused` where it is about the object."""
    if isinstance(error, requests.HTTPError):
        return _http_fault(error, options)
    if isinstance(error, requests.TooManyRedirects):
        return Unreachable("redirects to another address; name that one")
    return Unreachable(_connection_words(error))


class _Session(requests.Session):  # type: ignore[misc]  # it has no types
    """Trusts the certificates it was given: requests prefers those of REQUESTS_CA_BUNDLE."""

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Settings of a request, those of the environment where none are given here."""
        given = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, given, cert)


def _http_fault(error: requests.HTTPError, options: WebOptions) -> Exception:
    code = 0 if error.response is None else error.response.status_code
    if code in _LOGIN:
        return Unreachable(f"refuses the login (HTTP {code}); look at {options.login}")
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


def _checked(url: str, login: Login | None, options: WebOptions) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise InputError(
            f"{options.url} {url!r}: must be a DICOMweb root, such as https://archive.example/dicom-web",
            "wrong_usage",
        )
    if parts.username or parts.password:
        raise InputError(
            f"{options.url}: a login in the address is seen by all on this machine; put it into a "
            f"file for {options.login}",
            "wrong_usage",
        )
    if login is not None and parts.scheme == "http" and not _is_here(parts.hostname):
        raise InputError(
            f"{options.url} {url}: the login would travel in the clear; use https", "wrong_usage"
        )
    return url.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
