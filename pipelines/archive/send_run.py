"""Sends the results of a run that is finished."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from callosal.models.errors import InputError
from callosal.pipelines.archive.dispatch import hold_outbox
from callosal.pipelines.archive.sender import Archive, Patience, Sender, Tell
from callosal.pipelines.outputs.exit_code import exit_code
from callosal.pipelines.outputs.file_names import CASES, ROWS
from callosal.pipelines.outputs.outbox import open_outbox
from callosal.pipelines.report.page import write_report

_NAP_S = 0.2


def send_run(output: Path, archives: Sequence[Archive], patience_s: float, again: bool) -> int:
    """Send what was not sent yet, what was given up before included; see `callosal send`.

    Args:
        output: Folder of the run.
        archives: Where to send.
        patience_s: How long to go on trying.
        again: Send everything once more.

    Returns:
        Exit code: 0 all is sent, 1 nothing could be sent, 2 some of it.

    Raises:
        InputError: The folder holds no run (`no_run`).
        OutputError: A service sends already, or the outbox cannot be written.
    """
    if not (output / CASES).is_dir():
        raise InputError(
            f"{output}: holds no folder 'cases'; give the folder that `callosal infer --output` "
            "wrote",
            "no_run",
        )
    console = Console(stderr=True)

    def tell(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    n_sent = n_cases = 0
    with hold_outbox(output):
        for archive in archives:
            counts = _send_to(output, archive, patience_s, again, tell)
            tell(f"{archive}: {summary(counts)}")
            n_sent += counts.get("sent", 0)
            n_cases += sum(counts.get(state, 0) for state in ("sent", "waiting", "refused"))
        if (output / ROWS).is_file():
            write_report(output)
    return exit_code(n_sent, n_cases)


def summary(counts: dict[str, int]) -> str:
    """Numbers of cases in words.

    >>> summary({"sent": 3, "held": 1})
    '3 cases sent, 1 not to be sent'
    """
    words = {"sent": "sent", "waiting": "still to be sent", "refused": "given up",
             "held": "not to be sent"}  # fmt: skip
    told = [f"{counts[state]} {text}" for state, text in words.items() if counts.get(state)]
    if not told:
        return "no cases"
    noun = "case" if told[0].startswith("1 ") else "cases"
    return ", ".join([told[0].replace(" ", f" {noun} ", 1), *told[1:]])


def _send_to(
    output: Path, archive: Archive, patience_s: float, again: bool, tell: Tell
) -> dict[str, int]:
    """Send to one archive; number of cases by state."""
    with open_outbox(output, str(archive)) as outbox:
        if again:
            outbox.forget()
        outbox.try_refused_again()
        sender = Sender(output, outbox, archive, tell, Patience())
        sender.find_work()
        end = time.monotonic() + patience_s
        while (due_s := sender.send_due(lambda: False)) <= max(0.0, end - time.monotonic()):
            time.sleep(min(due_s, _NAP_S))
        return sender.counts
