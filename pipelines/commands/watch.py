"""`callosal watch`: plan on the series that arrive in a folder."""

from pathlib import Path

from callosal.export.devices import Device
from callosal.export.shipped import DEFAULT
from callosal.pipelines.archive.tls import Tls
from callosal.pipelines.service.pace import Pace
from callosal.pipelines.settings import Settings


def watch(
    input: Path,
    output: Path,
    quiet_seconds: float = 10.0,
    poll_seconds: float = 2.0,
    once: bool = False,
    send_to: list[str] = [],  # noqa: B006 (read only)
    send_as: str = "CALLOSAL",
    stow: str | None = None,
    stow_login: Path | None = None,
    send_tls: Tls = Tls(),  # noqa: B008 (frozen)
    metrics_port: int | None = None,
    log_json: bool = False,
    model: str = DEFAULT,
    device: Device = "auto",
    workers: int = 2,
    threads: int | None = None,
    settings: Settings = Settings(),  # noqa: B008 (frozen)
    mapping: Path | None = None,
) -> int:
    """Plan on the series that arrive in a folder, each as soon as it is complete.

    Writes what `callosal infer` writes, and loads the model only once. The command runs until
    Ctrl-C or SIGTERM; it then finishes the case that it is working on. When it is started again, it
    does only what is left. The folder may be a network share. Nothing in it is ever changed.

    Args:
        input: Folder to watch, of any nesting.
        output: Folder to write into, not inside the watched one; created if it is missing.
        quiet_seconds: A series is complete when none of its files has arrived or changed for this
            long.
        poll_seconds: Time between two scans of the folder.
        once: Exit when all series in the folder are complete and done, for use with cron.
        send_to: Archives to send SEG, report and pictures of each planned case to by C-STORE,
            each as AE@HOST:PORT. What cannot be sent waits in the outbox of the output folder.
        send_as: AE title of this side.
        stow: DICOMweb root of an archive to send to by STOW-RS, such as
            https://archive.example/dicom-web.
        stow_login: File with the login of --stow, readable by you alone: one line, 'Bearer TOKEN'
            or 'Basic USER:PASSWORD'; by default the variable CALLOSAL_STOW_LOGIN, if it is set.
        send_tls: Certificates for sending; with any, --send-to is encrypted too.
        metrics_port: Port of 127.0.0.1 for Prometheus metrics and /healthz; by default none.
        log_json: Write each line on stderr as a JSON object with time, command, message and
            case_id, for a log server; none holds patient data.
        model: Name of a shipped model, or an ONNX file that `callosal export` wrote.
        device: auto uses a GPU if one works; any other is used or refused.
        workers: Threads that read ahead.
        threads: Threads of the network; by default the cores this process may use.
        settings: How the pose and the plan are made.
        mapping: CSV file outside of the output folder that records the series of each case,
            readable by you alone; written only on request.

    Returns:
        Exit code: 0 stopped as asked, or all done; with --once also 1 if nothing could be done and
        2 if some cases failed or were refused.
    """
    pace = Pace(quiet_seconds, poll_seconds, once)
    # The help of this command has to come at once: what reads and plans is loaded here.
    from callosal.pipelines.archive.archives import open_archives
    from callosal.pipelines.batch.jobs import Part
    from callosal.pipelines.batch.request import Engine, Request
    from callosal.pipelines.console.log_lines import service_console
    from callosal.pipelines.service.watch import watch_folder

    archives = open_archives(send_to, send_as, stow, stow_login, send_tls)
    engine = Engine(model, device, threads, workers)
    request = Request((input,), output, engine, Part(), False, settings, mapping, "watch")
    return watch_folder(request, pace, service_console("watch", log_json), archives, metrics_port)
