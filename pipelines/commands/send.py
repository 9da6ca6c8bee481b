"""`callosal send`: the results of a run to an archive."""

from pathlib import Path


def send(
    input: Path,
    send_to: list[str],
    send_as: str = "CALLOSAL",
    minutes: float = 5.0,
    again: bool = False,
) -> int:
    """Send the DICOM objects of a run to an archive by C-STORE.

    Sends what is not there yet: a call that was cut short goes on where it ended. A case that
    was rejected in its review is never sent, of a corrected one only the corrected report. What
    an archive refuses is kept in RUN/outbox/refused with the reason, and tried again by the next
    call.

    Args:
        input: The run's folder, as `infer`, `watch` or `listen` wrote it.
        send_to: The archives, each as AE@HOST:PORT.
        send_as: AE title of this side.
        minutes: How long to go on while an archive is away or refuses; 0 tries once.
        again: Send everything once more, also what the archive has confirmed.

    Returns:
        Exit code: 0 all is sent, 1 nothing could be sent, 2 some of it.
    """
    from callosal.models.errors import InputError
    from callosal.pipelines.archive.ae_title import check_title
    from callosal.pipelines.archive.archives import open_archives
    from callosal.pipelines.archive.destination import Node

    title = check_title(send_as, "--send-as")
    nodes = Node.all_of(send_to, "--send-to")
    if not nodes:
        raise InputError("--send-to: names no archive; name one as AE@HOST:PORT", "wrong_usage")
    if not minutes >= 0:
        raise InputError(f"--minutes {minutes}: must be 0 or more", "wrong_usage")
    archives = open_archives(nodes, title)
    # What reads and writes results is loaded only for a call that can work.
    from callosal.pipelines.archive.send_run import send_run

    return send_run(input, archives, 60 * minutes, again)
