"""`callosal send`: send the results of a run to an archive."""

from pathlib import Path

from callosal.pipelines.archive.tls import Tls


def send(
    input: Path,
    send_to: list[str] = [],  # noqa: B006 (read only)
    send_as: str = "CALLOSAL",
    stow: str | None = None,
    stow_login: Path | None = None,
    send_tls: Tls = Tls(),  # noqa: B008 (frozen)
    minutes: float = 5.0,
    again: bool = False,
) -> int:
    """Send the DICOM objects of a run to an archive by C-STORE or STOW-RS.

    Sends only objects that were not sent before: after an interruption, the same call continues
    where it stopped. A case that was rejected in its review is never sent; of a corrected case,
    only the corrected report is sent and, if the run makes Secondary Captures, the corrected
    picture. What an archive refuses is kept in RUN/outbox/refused with the reason, and the next
    call tries it again.

    Args:
        input: The run's folder, as `infer`, `watch` or `listen` wrote it.
        send_to: The archives, each as AE@HOST:PORT.
        send_as: AE title that callosal uses.
        stow: DICOMweb root of an archive to send to by STOW-RS, such as
            https://archive.example/dicom-web.
        stow_login: File with the login of --stow, readable by you alone: one line, 'Bearer TOKEN'
            or 'Basic USER:PASSWORD'; by default the variable CALLOSAL_STOW_LOGIN, if it is set.
        send_tls: Certificates for sending; with any, --send-to is encrypted too.
        minutes: How long to keep trying while an archive is down or refuses; 0 tries once.
        again: Send everything once more, including what the archive has confirmed.

    Returns:
        Exit code: 0 everything was sent, 1 nothing could be sent, 2 only a part was sent.
    """
    from callosal.models.errors import InputError
    from callosal.pipelines.archive.archives import open_archives

    if not minutes >= 0:
        raise InputError(f"--minutes {minutes}: must be 0 or more", "wrong_usage")
    archives = open_archives(send_to, send_as, stow, stow_login, send_tls)
    if not archives:
        raise InputError("--send-to or --stow must name an archive", "wrong_usage")
    # What reads and writes results is loaded only for a call that can work.
    from callosal.pipelines.archive.send_run import send_run

    return send_run(input, archives, 60 * minutes, again)
