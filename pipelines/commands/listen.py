"""`callosal listen`: receive images by DICOM and plan on them."""

from pathlib import Path

from callosal.export.devices import Device
from callosal.export.shipped import DEFAULT
from callosal.pipelines.archive.tls import Tls
from callosal.pipelines.service.limits import Limits
from callosal.pipelines.service.pace import Pace
from callosal.pipelines.settings import Settings


def listen(
    output: Path,
    allow_ae: list[str],
    allow_host: list[str] = [],  # noqa: B006 (read only)
    bind: str = "127.0.0.1",
    port: int = 11112,
    aet: str = "CALLOSAL",
    tls: Tls = Tls(),  # noqa: B008 (frozen)
    spool: Path | None = None,
    keep_hours: float | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    quiet_seconds: float = 10.0,
    send_to: list[str] = [],  # noqa: B006 (read only)
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
    """Receive MR images by DICOM C-STORE and plan on each series once it is complete.

    Answers C-ECHO too. Nothing is accepted from a sender that is not named: --allow-ae must say who
    may send, and --allow-host from where, unless only this machine sends. Nothing is encrypted
    without --tls. Results are those of `callosal infer`; the received images stay in the spool. The
    command runs until Ctrl-C or SIGTERM; it then finishes the case that it is working on.

    Args:
        output: Folder to write into; created if it is missing.
        allow_ae: Calling AE titles that may send: A B, or A,B.
        allow_host: Addresses and networks (10.0.0.7, 10.0.0.0/24) that may send; by default only
            this machine. Required if --bind is not a loopback address.
        bind: Address to listen at.
        port: Port to listen at; 0 takes a free one.
        aet: AE title of this node; requests for another title are rejected.
        tls: Certificates for receiving; with any, senders must use TLS, and with tls.ca they must
            present a certificate issued by it.
        spool: Folder for received objects, of mode 0700 and not inside the output folder; by
            default beside it, with -spool appended to its name.
        keep_hours: Delete received objects this many hours after their series was processed; by
            default they stay, and once limits.spool_gb is full nothing more is accepted.
        limits: How much a sender may send.
        quiet_seconds: A series is complete when none of its images has arrived for this long,
            counted from the end of the association.
        send_to: Archives to send SEG, report and pictures of each planned case to by C-STORE,
            each as AE@HOST:PORT. What cannot be sent waits in the outbox of the output folder.
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
        Exit code: 0 stopped as asked, 1 it could not listen.
    """
    pace = Pace(quiet_seconds, min(2.0, quiet_seconds))
    # The help of this command has to come at once: what reads and plans is loaded here.
    from callosal.pipelines.archive.ae_title import check_title
    from callosal.pipelines.archive.archives import open_archives
    from callosal.pipelines.archive.commitment import Commitments
    from callosal.pipelines.batch.jobs import Part
    from callosal.pipelines.batch.request import Engine, Request
    from callosal.pipelines.console.log_lines import service_console
    from callosal.pipelines.service.admission import Admission
    from callosal.pipelines.service.listen import Station, listen_at

    admission = Admission.of(allow_ae, allow_host or None, bind)
    title = check_title(aet, "--aet")
    commitments = Commitments()
    archives = open_archives(send_to, title, stow, stow_login, send_tls, commitments)
    folder = spool or output.with_name(f"{output.name}-spool")
    station = Station(bind, port, title, admission, limits, folder, keep_hours, tls, metrics_port)
    engine = Engine(model, device, threads, workers)
    request = Request((folder,), output, engine, Part(), False, settings, mapping, "listen")
    console = service_console("listen", log_json)
    return listen_at(station, request, pace, console, archives, commitments)
