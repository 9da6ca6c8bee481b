"""Certificates for the tests, made by openssl; and a web service that answers as a test wants."""

import io
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from callosal.pipelines.archive.tls import Tls

NAMES = ("server", "client")


def make_authority(folder: Path) -> None:
    """A root, ca.pem, and certificates of it for 127.0.0.1: server.pem, client.pem, and keys."""
    if which("openssl") is None:
        pytest.skip("no openssl on this machine: tests of TLS skip")
    folder.mkdir(parents=True)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    def run(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    run("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
        "-subj", "/CN=root")  # fmt: skip
    for name in NAMES:
        run("req", "-x509", *curve, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2",
            "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
            "-addext", "basicConstraints=critical,CA:FALSE",
            "-CA", "ca.pem", "-CAkey", "ca.key")  # fmt: skip


def tls_of(folder: Path, name: str) -> Tls:
    return Tls(folder / "ca.pem", folder / f"{name}.pem", folder / f"{name}.key")


class WebStore:
    """What a web service was sent, and the answers it gives."""

    def __init__(self) -> None:
        self.url = ""
        self.code = 200
        self.failure: int | None = None
        self.logins: list[str | None] = []
        self.objects: list[Dataset] = []


@contextmanager
def web_store(context: ssl.SSLContext | None = None) -> Iterator[WebStore]:
    """A STOW-RS service for as long as it is needed."""
    made = WebStore()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.logins.append(self.headers.get("Authorization"))
            content = body[body.index(b"\r\n\r\n") + 4 : body.rindex(b"\r\n--")]
            image = dcmread(io.BytesIO(content))
            answer = Dataset()
            item = Dataset()
            item.ReferencedSOPClassUID = image.SOPClassUID
            item.ReferencedSOPInstanceUID = image.SOPInstanceUID
            if made.failure is not None:
                item.FailureReason = made.failure
                answer.FailedSOPSequence = [item]
            else:
                answer.ReferencedSOPSequence = [item]
                made.objects.append(image)
            text = json.dumps(answer.to_json_dict()).encode()
            self.send_response(made.code)
            self.send_header("Content-Type", "application/dicom+json")
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    made.url = f"http{'s' if context else ''}://127.0.0.1:{server.server_address[1]}/dicom-web"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
