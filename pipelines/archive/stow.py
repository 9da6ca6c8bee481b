"""Sends objects by STOW-RS, with dicomweb-client."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import requests
from dicomweb_client import DICOMwebClient
from pydicom import dcmread
from pydicom.dataset import Dataset

from callosal.pipelines.archive.faults import Refused, Unreachable
from callosal.pipelines.archive.login import Login
from callosal.pipelines.archive.outgoing import OutgoingObject
from callosal.pipelines.archive.tls import Tls
from callosal.pipelines.archive.web_service import WebOptions, WebService, fault_of

_OPTIONS = WebOptions("--stow", "--stow-login", "--send-tls")
_OUT_OF_RESOURCES = 0xA700
_DUPLICATE = 0x0111


class StowArchive:
    """An archive that takes STOW-RS.

    Args:
        url: Its DICOMweb root, such as https://archive.example/dicom-web.
        login: Token, or user and password, or None.
        tls: Certificates.

    Raises:
        InputError: `wrong_usage`: no such URL, or a login that would travel in the clear.
    """

    def __init__(self, url: str, login: Login | None, tls: Tls) -> None:
        self._service = WebService.of(url, login, tls, _OPTIONS)

    def __str__(self) -> str:
        return self._service.url

    @contextmanager
    def connect(self) -> Iterator["StowLink"]:
        """The service; the first object shows whether it is there."""
        yield StowLink(self._service.client())


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
        except requests.RequestException as error:
            raise fault_of(error, _OPTIONS) from error
        except ValueError as error:
            raise Refused("an answer that is no STOW-RS") from error
        _check_stored(answer, outgoing.sop_instance_uid)

    def lost(self, objects: Sequence[OutgoingObject]) -> None:
        """Nothing is known: STOW-RS has no storage commitment."""


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
