"""A real archive, Debian's Orthanc with its DICOMweb plugin, on free ports of this machine."""

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from types import MappingProxyType
from typing import Any

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
MISSING = "no Orthanc with DICOMweb here (Debian: orthanc, orthanc-dicomweb)"


def is_there() -> bool:
    return which("Orthanc") is not None and PLUGIN.is_file()


class Orthanc:
    """One that can be killed and started again, with its database kept.

    Args:
        folder: Receives all its files.
        callers: Port of this machine by the AE titles that it may call.
    """

    def __init__(self, folder: Path, callers: Mapping[str, int]) -> None:
        folder.mkdir(parents=True)
        self._log = folder / "log"
        self.http_port, self.dicom_port = _free_ports(2)
        config = {
            "Name": "archive", "StorageDirectory": str(folder / "db"),
            "IndexDirectory": str(folder / "db"), "Plugins": [str(PLUGIN)],
            "HttpPort": self.http_port, "DicomPort": self.dicom_port, "DicomAet": "ORTHANC",
            "DicomAlwaysAllowStore": True, "AuthenticationEnabled": False,
            "DicomAlwaysAllowGet": True, "DicomAlwaysAllowFind": True,
            "DicomModalities": {one: [one, "127.0.0.1", port] for one, port in callers.items()},
            "RemoteAccessAllowed": False, "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }  # fmt: skip
        self._config = folder / "orthanc.json"
        self._config.write_text(json.dumps(config))
        self.start()

    @property
    def node(self) -> str:
        return f"ORTHANC@127.0.0.1:{self.dicom_port}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/dicom-web"

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(["Orthanc", str(self._config)], stdout=log, stderr=log)
        end = time.monotonic() + 60
        while True:
            try:
                self.ask("/system")
            except OSError:
                assert time.monotonic() < end, self._log.read_text()
                assert self.process.poll() is None, self._log.read_text()
                time.sleep(0.1)
            else:
                return

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def delete(self, uid: str) -> None:
        """Lose an instance."""
        (number,) = [item["ID"] for item in self.ask("/instances?expand&limit=100000&since=0")
                     if item["MainDicomTags"]["SOPInstanceUID"] == uid]  # fmt: skip
        place = f"http://127.0.0.1:{self.http_port}/instances/{number}"
        urllib.request.urlopen(urllib.request.Request(place, method="DELETE"), timeout=60).close()

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=60) as got:
            return json.loads(got.read())

    def instances(self) -> list[str]:
        """SOP Instance UIDs of all that it has, sorted."""
        found = self.ask("/instances?expand&limit=100000&since=0")
        return sorted(item["MainDicomTags"]["SOPInstanceUID"] for item in found)


@contextmanager
def orthanc(folder: Path, callers: Mapping[str, int] = MappingProxyType({})) -> Iterator[Orthanc]:
    """An archive for as long as it is needed."""
    made = Orthanc(folder, callers)
    try:
        yield made
    finally:
        made.kill()


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports
