"""Finds and gets images by QIDO-RS and WADO-RS, with dicomweb-client."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import requests
from dicomweb_client import DICOMwebClient
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from callosal.pipelines.archive.faults import Refused
from callosal.pipelines.archive.login import Login
from callosal.pipelines.archive.source import ArchivedSeries, Keep
from callosal.pipelines.archive.study_query import StudyQuery
from callosal.pipelines.archive.tls import Tls
from callosal.pipelines.archive.web_service import WebOptions, WebService, fault_of
from callosal.pipelines.dicom.headers import HEADER_TAGS

_OPTIONS = WebOptions("--qido", "--qido-login", "--fetch-tls")
_NAMES = frozenset(f"{Tag(tag):08X}" for tag in HEADER_TAGS)
_AS_STORED = (("application/dicom", "*"),)


class WadoArchive:
    """An archive that answers QIDO-RS and WADO-RS.

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
    def connect(self) -> Iterator["WadoLink"]:
        """The service; the first question shows whether it is there."""
        try:
            yield WadoLink(self._service.client())
        except requests.RequestException as error:
            raise fault_of(error, _OPTIONS) from error


class WadoLink:
    """A DICOMweb service.

    Args:
        client: For its URL.
    """

    def __init__(self, client: DICOMwebClient) -> None:
        self._client = client

    def studies(self, query: StudyQuery) -> list[str]:
        """UIDs of the studies that match."""
        answer = self._client.search_for_studies(
            search_filters=dict(query.keys), fields=["StudyInstanceUID"], get_remaining=True
        )
        return [_text(item, "StudyInstanceUID") for item in answer]

    def series(self, study_uid: str) -> list[ArchivedSeries]:
        """All series of a study."""
        answer = self._client.search_for_series(study_uid, get_remaining=True)
        return [
            ArchivedSeries(study_uid, _text(item, "SeriesInstanceUID"), _text(item, "Modality"))
            for item in answer
        ]

    def headers(self, series: ArchivedSeries) -> list[Dataset]:
        """The headers of all images, pixels apart."""
        answer = self._client.retrieve_series_metadata(series.study_uid, series.uid)
        return [_header(item) for item in answer]

    def retrieve(self, series: ArchivedSeries, images: Sequence[str], keep: Keep) -> None:
        """Hand over images as they are stored, one at a time.

        Raises:
            Refused: The archive gives one of them not.
        """
        for uid in images:
            try:
                image = self._client.retrieve_instance(
                    series.study_uid, series.uid, uid, media_types=_AS_STORED
                )
            except ValueError as error:
                raise Refused("an answer that is no WADO-RS") from error
            if str(image.get("SOPInstanceUID", "")) != uid:
                raise Refused("an answer that holds another image")
            stream = io.BytesIO()
            image.save_as(stream, enforce_file_format=True)
            keep(uid, stream.getvalue())


def _header(item: dict[str, Any]) -> Dataset:
    """The elements that sort an image; large values were left at the archive."""
    known = {name: value for name, value in item.items() if name.upper() in _NAMES}
    return Dataset.from_json(known, bulk_data_uri_handler=_nothing)


def _nothing(tag: str, representation: str, uri: str) -> None:
    """In the place of large values, which are none of those that sort an image."""


def _text(item: dict[str, Any], keyword: str) -> str:
    values = item.get(f"{Tag(keyword):08X}", {}).get("Value") or [""]
    return str(values[0])
