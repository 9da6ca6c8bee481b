"""The archive that options of `fetch` name."""

from pathlib import Path

from callosal.models.errors import InputError
from callosal.pipelines.archive.ae_title import check_title
from callosal.pipelines.archive.destination import Node
from callosal.pipelines.archive.login import QIDO_VARIABLE, read_login
from callosal.pipelines.archive.source import Source
from callosal.pipelines.archive.tls import Tls


def open_source(
    node: str | None, title: str, qido: str | None, qido_login: Path | None, tls: Tls
) -> Source:
    """The archive to fetch from; nothing is connected yet.

    Args:
        node: One that answers C-FIND and C-GET, as of `--from`, or None.
        title: AE title of this side.
        qido: DICOMweb root of one that answers QIDO-RS and WADO-RS, or None.
        qido_login: File with its login.
        tls: Certificates.

    Raises:
        InputError: `wrong_usage`, `bad_login` or `bad_certificate`.
    """
    if (node is None) == (qido is None):
        raise InputError("--from AE@HOST:PORT or --qido URL: name one of them", "wrong_usage")
    check_title(title, "--fetch-as")
    if node is not None:
        if qido_login is not None:
            raise InputError("--qido-login says nothing without --qido", "wrong_usage")
        from callosal.pipelines.archive.c_get import GetArchive

        return GetArchive(Node.of(node, "--from"), title, tls)
    from callosal.pipelines.archive.wado import WadoArchive

    return WadoArchive(qido or "", read_login(qido_login, "--qido-login", QIDO_VARIABLE), tls)
