"""Mutated objects and broken streams sent to `callosal listen`: refused or survived.

    PYTHONPATH=. python benchmarks/faults/fuzz_listener.py --objects 10000 --streams 60 --seed 1

Sends data sets broken as those of `fuzz_dicom.py` are, under sound requests, and associations of
which bytes are flipped on the way. Prints the answers, the memory of the process by the number of
objects and the reasons in its log. Exits with 1 if the service ends, an object that was
acknowledged is not in the spool, the log names the patient, or a sound series that is sent last is
not planned. The planning itself is answered by the outcome of one phantom, as a broken file is
refused long before it.
"""

import argparse
import json
import random
import re
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from dicom_mutations import MUTATIONS, sound
from hospital_loop import Service, send
from many_senders import CANNED
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import MRImageStorage, generate_uid
from pynetdicom import AE, _config

from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head

MARKER = "Secret^Marker"
OF_AN_ASSOCIATION = 50
SENDERS = 4
ANSWER_S = 120
FLIP_EVERY = 400
"""One byte of so many is flipped on the way."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--streams", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    _config.STORE_SEND_CHUNKED_DATASET = True
    with tempfile.TemporaryDirectory() as name:
        found = run(Path(name), asked.objects, asked.streams, asked.seed)
    print(json.dumps(found, indent=1))
    good = (
        found["alive"]
        and found["sound series planned"]
        and not found["patient or traceback in the log"]
    )
    sys.exit(0 if good and found["acknowledged"] <= found["in the spool"] else 1)


def run(folder: Path, n_objects: int, n_streams: int, seed: int) -> dict[str, Any]:
    """Everything that is printed."""
    head = phantom_head(1, (10, 64, 64), (16.0, 3.75, 3.75)).volume
    paths = write_mr_series(head, folder / "in", description="made", seed=seed, patient_name=MARKER)
    service = Service(folder, 2.0, [], [sys.executable, "-c", CANNED])
    statuses: Counter[str] = Counter()
    memory: list[int] = []

    def send_part(first: int) -> list[str]:
        count = min(OF_AN_ASSOCIATION, n_objects - first)
        rng = np.random.default_rng([seed, first])
        return send_broken(paths, folder / f"broken-{first}.dcm", service.port, rng, count)

    starts = range(0, n_objects, OF_AN_ASSOCIATION)
    with ThreadPoolExecutor(SENDERS) as pool:
        for number, answers in enumerate(pool.map(send_part, starts)):
            statuses.update(answers)
            if number % max(1, len(starts) // 5) == 0:
                memory.append(round(service.memory_mb()))
                told = f"{statuses.total()} objects: {dict(statuses)}, {memory[-1]} MB"
                print(told, file=sys.stderr, flush=True)
    streams = Counter(flip_on_the_way(paths, service.port, seed + n) for n in range(n_streams))
    spool = list((folder / "out-spool").rglob("*.dcm"))
    before = _planned(service)
    last = write_mr_series(head, folder / "last", description="made", seed=seed + 1)
    send([dcmread(path) for path in last], service)
    end = time.monotonic() + 300
    while _planned(service) <= before and time.monotonic() < end:
        time.sleep(0.5)
    alive = service.process.poll() is None
    planned = _planned(service) > before
    service.kill()
    log = "\n".join(service.told)
    is_told = MARKER in log or "Traceback" in log
    if is_told:
        print(log, file=sys.stderr)
    return {
        "objects": n_objects, "answers": dict(statuses.most_common()),
        "acknowledged": statuses["0000"], "in the spool": len(spool),
        "streams with flipped bytes": dict(streams), "memory MB by fifths": memory,
        "alive": alive, "sound series planned": planned,
        "patient or traceback in the log": is_told,
        "reasons in the log": dict(Counter(
            re.sub(r"[^a-zA-Z ;,:]+", "#", line)[:120] for line in service.told
            if line.startswith(("refusing", "rejected")) or "broke" in line
        ).most_common(12)),
    }  # fmt: skip


def send_broken(
    paths: list[Path], place: Path, port: int, rng: np.random.Generator, count: int
) -> list[str]:
    """Send broken data sets in one association; the answers."""
    ae = AE("SCANNER")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ANSWER_S
    ae.add_requested_context(MRImageStorage)
    for _ in range(100):  # those before may not have ended yet
        association = ae.associate("127.0.0.1", port, ae_title="CALLOSAL")
        if association.is_established:
            break
        time.sleep(0.3)
    else:
        return ["no association"] * count
    answers = []
    for _ in range(count):
        content = paths[int(rng.integers(len(paths)))].read_bytes()
        file = sound(content)
        start = min(element.start for element in file.elements if element.tag >> 16 != 2)
        broken = MUTATIONS[int(rng.integers(len(MUTATIONS)))](rng, file)
        _write(place, content, broken[start:])
        if not association.is_established:
            answers.append("cut off")
            continue
        try:
            status = getattr(association.send_c_store(place), "Status", None)
        except (RuntimeError, ValueError):
            status = None
        answers.append("no answer" if status is None else f"{status:04X}")
    if association.is_established:
        association.release()
    return answers


def _write(place: Path, content: bytes, data_set: bytes) -> None:
    """A file of a sound header, under a new UID, and a broken data set."""
    place.write_bytes(content)
    meta = dcmread(place, stop_before_pixels=True).file_meta
    meta.MediaStorageSOPInstanceUID = generate_uid()
    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, False
    write_file_meta_info(stream, meta)
    place.write_bytes(bytes(128) + b"DICM" + stream.getvalue() + data_set)


def flip_on_the_way(paths: list[Path], port: int, seed: int) -> str:
    """Send a series through a wire that flips bytes; how its association ended."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        wire = threading.Thread(target=_wire, args=(server, port, seed), daemon=True)
        wire.start()
        ae = AE("SCANNER")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 10
        ae.add_requested_context(MRImageStorage)
        association = ae.associate("127.0.0.1", server.getsockname()[1], ae_title="CALLOSAL")
        if not association.is_established:
            return "not established"
        for path in paths:
            try:
                if getattr(association.send_c_store(path), "Status", None) is None:
                    break
            except (RuntimeError, ValueError):
                break
        if association.is_established:
            association.release()
            return "released"
        return "aborted"


def _wire(server: socket.socket, port: int, seed: int) -> None:
    """Hand bytes on, toward the service with flips."""
    draw = random.Random(seed)
    one, _ = server.accept()
    with one, socket.create_connection(("127.0.0.1", port)) as other:
        back = threading.Thread(target=_pump, args=(other, one, None), daemon=True)
        back.start()
        _pump(one, other, draw)


def _pump(source: socket.socket, target: socket.socket, draw: random.Random | None) -> None:
    try:
        while part := bytearray(source.recv(1 << 14)):
            for _ in range(0 if draw is None else len(part) // FLIP_EVERY):
                part[draw.randrange(len(part))] ^= 1 << draw.randrange(8)
            if draw is not None and draw.random() < 0.05:
                part[draw.randrange(len(part))] ^= 1 << draw.randrange(8)
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


def _planned(service: Service) -> int:
    return sum(re.search(r"case-[0-9a-f]+ (ok|low_confidence)", line) is not None
               for line in service.told)  # fmt: skip


if __name__ == "__main__":
    main()
