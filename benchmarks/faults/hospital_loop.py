"""From a scanner through `callosal listen` into an archive, with kills on the way.

Senders send made series at once; `listen` plans and sends to Orthanc, and is killed (-9) at random
moments. What Orthanc has in the end is compared with what `callosal infer` writes for these series.

    PYTHONPATH=. python benchmarks/faults/hospital_loop.py --series 20 --senders 4 --kills 5
    PYTHONPATH=. python benchmarks/faults/hospital_loop.py --folder SERIES   # one real series
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from pydicom import dcmread
from pynetdicom import AE

from callosal.pipelines.dicom.headers import MR_IMAGE_CLASSES
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head
from tests.archive.orthanc import MISSING, Orthanc, is_there, orthanc

COMMAND = [sys.executable, "-c", "from callosal.pipelines.cli import run; run()"]
OBJECTS = ["--settings.dicom_objects", "[seg,sr,sc,pr]"]


class Service:
    """`callosal listen`, killed and started again.

    Args:
        folder: Its results go into `out`.
        quiet_s: After so many seconds of silence a series is whole.
        options: Further options.
        command: What runs callosal.
    """

    def __init__(
        self, folder: Path, quiet_s: float, options: list[str], command: list[str] = COMMAND
    ) -> None:
        words = ["listen", "--output", str(folder / "out"), "--allow-ae", "SCANNER", "--device",
                 "cpu", "--quiet-seconds", str(quiet_s)]  # fmt: skip
        self._words = [*command, *words, *options]
        self.port = 0
        self.told: list[str] = []
        self.peak_mb: list[float] = []
        self.start()

    def start(self) -> None:
        """Start it, at the port that it had before."""
        words = [*self._words, "--port", str(self.port)]
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        threading.Thread(target=self._follow, args=(self.process.stderr,), daemon=True).start()
        while not self.port:
            if self.process.poll() is not None:
                sys.exit("the service did not start: " + " ".join(self.told[-3:]))
            time.sleep(0.05)

    def _follow(self, stream: Any) -> None:
        for line in stream:
            self.told.append(line.rstrip())
            if found := re.search(r"at 127.0.0.1 port (\d+)", line):
                self.port = int(found[1])

    def memory_mb(self, field: str = "VmRSS") -> float:
        """Memory of the process now, or with VmHWM its peak."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"{field}:\s+(\d+)", status)
        return int(found[1]) / 1024 if found else 0.0

    def kill(self) -> None:
        """Kill it with -9."""
        self.process.kill()
        self.process.wait()


def send(images: list[Any], service: Service) -> float:
    """Send a series until all of it is acknowledged in one association; when it ended."""
    ae = AE("SCANNER")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 60
    for sop_class in MR_IMAGE_CLASSES:
        ae.add_requested_context(sop_class, images[0].file_meta.TransferSyntaxUID)
    while True:
        association = ae.associate("127.0.0.1", service.port, ae_title="CALLOSAL")
        good = association.is_established
        for image in images:
            if not good:
                break
            try:
                good = getattr(association.send_c_store(image), "Status", None) == 0
            except RuntimeError:
                good = False
        if association.is_established:
            association.release()
        if good:
            return time.monotonic()
        time.sleep(random.uniform(0.2, 1.0))


def written(output: Path) -> dict[str, str]:
    """Series of the source by SOP Instance UID of each object of a run."""
    found = {}
    for path in output.glob("cases/*/*.dcm"):
        item = dcmread(path, stop_before_pixels=True)
        found[str(item.SOPInstanceUID)] = str(item.StudyInstanceUID)
    return found


def watch_archive(archive: Orthanc, seen: dict[str, float], is_over: threading.Event) -> None:
    """Note when each object is there first."""
    while not is_over.is_set():
        for uid in archive.instances():
            seen.setdefault(uid, time.monotonic())
        is_over.wait(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=20)
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--longest-s", type=float, default=20.0, help="between two kills")
    parser.add_argument("--quiet-seconds", type=float, default=3.0)
    parser.add_argument("--folder", type=Path, help="a series to send instead of made ones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=30.0, help="wait so long at most")
    asked = parser.parse_args()
    if not is_there():
        sys.exit(MISSING)
    random.seed(asked.seed)
    with tempfile.TemporaryDirectory() as name, orthanc(Path(name) / "archive") as archive:
        print(json.dumps(run(Path(name), archive, asked), indent=1))


def run(folder: Path, archive: Orthanc, asked: argparse.Namespace) -> dict[str, Any]:
    if asked.folder:
        sources = [asked.folder]
    else:
        head = phantom_head(1, (44, 64, 64), (3.6, 3.75, 3.75)).volume
        sources = [folder / "in" / f"{number:04d}" for number in range(asked.series)]
        for number, source in enumerate(sources):
            write_mr_series(head, source, description="made", seed=number)
    began = time.monotonic()
    subprocess.run([*COMMAND, "infer", *map(str, sources), "--output", str(folder / "infer"),
                    "--device", "cpu", *OBJECTS], check=True, capture_output=True)  # fmt: skip
    infer_s = time.monotonic() - began
    expected = written(folder / "infer")
    images = [[dcmread(path) for path in sorted(source.iterdir())] for source in sources]
    service = Service(folder, asked.quiet_seconds, ["--send-to", archive.node, *OBJECTS])
    seen: dict[str, float] = {}
    is_over = threading.Event()
    watcher = threading.Thread(target=watch_archive, args=(archive, seen, is_over), daemon=True)
    watcher.start()
    began, memory_mb = time.monotonic(), []
    with ThreadPoolExecutor(asked.senders) as pool:
        ended = [pool.submit(send, series, service) for series in images]
        for _ in range(asked.kills):
            time.sleep(random.uniform(1.0, asked.longest_s))
            service.kill()
            service.start()
        ended_at = {str(series[0].StudyInstanceUID): future.result()
                    for series, future in zip(images, ended, strict=True)}  # fmt: skip
    end = time.monotonic() + 60 * asked.minutes
    while set(expected) - set(seen) and time.monotonic() < end:
        memory_mb.append(service.memory_mb())
        time.sleep(0.5)
    total_s = time.monotonic() - began
    time.sleep(3 * asked.quiet_seconds)
    is_over.set()
    watcher.join()
    peak_mb = service.memory_mb("VmHWM")
    service.kill()
    has = archive.instances()
    waits = [max(seen[uid] for uid, study in expected.items() if study == one and uid in seen) - at
             for one, at in ended_at.items()
             if any(study == one and uid in seen for uid, study in expected.items())]  # fmt: skip
    return {
        "series": len(sources), "images": sum(map(len, images)), "senders": asked.senders,
        "kills": asked.kills, "objects expected": len(expected),
        "lost": len(set(expected) - set(has)), "more than expected": len(set(has) - set(expected)),
        "seconds": round(total_s, 1), "infer seconds": round(infer_s, 1),
        "from the end of a series to the archive, median s": round(median(waits), 2),
        "longest s": round(max(waits), 2), "quiet seconds of these": asked.quiet_seconds,
        "memory MB first, last": [round(memory_mb[0]), round(memory_mb[-1])] if memory_mb else [],
        "memory MB peak": round(peak_mb),
        "refusals": sum("not taken" in line or "given up" in line for line in service.told),
    }  # fmt: skip


if __name__ == "__main__":
    main()
