"""The archives that options name."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from callosal.models.errors import InputError
from callosal.pipelines.archive.ae_title import check_title
from callosal.pipelines.archive.destination import Node
from callosal.pipelines.archive.login import STOW_VARIABLE, read_login
from callosal.pipelines.archive.sender import Archive
from callosal.pipelines.archive.tls import Tls

if TYPE_CHECKING:  # needs pynetdicom, which only who sends has
    from callosal.pipelines.archive.commitment import Commitments


def open_archives(
    send_to: Sequence[str],
    title: str,
    stow: str | None,
    stow_login: Path | None,
    tls: Tls,
    commitments: "Commitments | None" = None,
) -> list[Archive]:
    """Archives to send to; nothing is connected yet.

    Args:
        send_to: Those that take C-STORE, as of `--send-to`.
        title: AE title of this side.
        stow: DICOMweb root of one that takes STOW-RS, or None.
        stow_login: File with its login.
        tls: Certificates for all of them.
        commitments: Where reports on storage commitment come.

    Raises:
        InputError: `wrong_usage`, `bad_login` or `bad_certificate`.
    """
    nodes = Node.all_of(send_to, "--send-to")
    check_title(title, "--send-as")
    if not nodes and stow is None:
        if stow_login is not None or tls.is_used:
            raise InputError(
                "--stow-login and --send-tls say nothing without --send-to or --stow", "wrong_usage"
            )
        return []
    # Only who sends needs the packages.
    from callosal.pipelines.archive.c_store import StoreArchive

    archives: list[Archive] = [StoreArchive(node, title, tls, commitments) for node in nodes]
    if stow is not None:
        from callosal.pipelines.archive.stow import StowArchive

        login = read_login(stow_login, "--stow-login", STOW_VARIABLE)
        archives.append(StowArchive(stow, login, tls))
    return archives
