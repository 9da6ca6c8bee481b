"""Compressed frames, decoded where a crash, a hang or a bomb of a codec ends no more than itself.

A child process decodes a whole stack and writes each frame as raw pixels, whose size the header
gives; a refused frame ends the stream with a mark and the reason. The child has a limit of time
and of memory, and leaves no core file, because that would hold the patient's images.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.pipelines.dicom.codecs import FRAGILE_CODEC, choose_codec
from callosal.pipelines.dicom.decode import decode_frame
from callosal.pipelines.dicom.grouping import Plane

CHILD_TIMEOUT_S = 300.0
MEMORY_BYTES = 2 << 30
"""What a child may take beyond its imports, for codecs and their threads."""

FRAME_COPIES = 8
"""Further copies of the largest frame that it may hold."""

MAX_THREADS = 8
_PIXELS, _REFUSED = b"P", b"E"


def needs_isolation(planes: Sequence[Plane]) -> bool:
    """Whether any plane goes through a codec: native pixels are only copied.

    Raises:
        InputError: `decode_failed` where no codec is installed.
    """
    return bool(_codecs(planes))


def decode_isolated(planes: Sequence[Plane]) -> Iterator[NDArray[np.integer]]:
    """Decode planes in a child process.

    Args:
        planes: Planes in the order in which their pixels are wanted.

    Yields:
        Stored values as of decode_frame, a plane at a time.

    Raises:
        InputError: As of decode_frame; `decoder_died` where the codec crashed,
            hung or asked for more memory than any image needs.
    """
    # the child must import what this process imports, wherever its path came from
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with (
        subprocess.Popen(
            [sys.executable, "-m", "callosal.pipelines.dicom.isolation"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        ) as child,
        _time_limit(child) as is_late,
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        _send(planes, child.stdin)
        for plane in planes:
            yield _receive(plane, child.stdout, is_late)


def _codecs(planes: Sequence[Plane]) -> frozenset[str]:
    layouts = [plane.header.layout for plane in planes]
    return frozenset(choose_codec(layout.syntax_uid) for layout in layouts if not layout.is_native)


@contextmanager
def _time_limit(child: subprocess.Popen[bytes]) -> Iterator[threading.Event]:
    """End the child after its time, or when its pixels are not wanted any more."""
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        child.kill()

    timer = threading.Timer(CHILD_TIMEOUT_S, end)
    timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()
        child.kill()


def _send(planes: Sequence[Plane], stream: IO[bytes]) -> None:
    try:
        pickle.dump(tuple(planes), stream)
        stream.close()
    except BrokenPipeError:
        # It died before it read: the first frame will say so.
        return


def _receive(plane: Plane, stream: IO[bytes], is_late: threading.Event) -> NDArray[np.integer]:
    layout = plane.header.layout
    mark = stream.read(1)
    if mark == _REFUSED:
        code, _, message = stream.read().decode(errors="replace").partition(" ")
        raise InputError(message, code)
    data = stream.read(layout.frame_bytes) if mark == _PIXELS else b""
    if len(data) != layout.frame_bytes:
        name, frame = plane.header.file.name, plane.frame.index + 1
        reason = (
            f"takes longer than {CHILD_TIMEOUT_S:.0f} s"
            if is_late.is_set()
            else "made the codec crash; copy the file again"
        )
        message = f"{name}: frame {frame} cannot be decoded: it {reason}"
        raise InputError(message, "decoder_died")
    pixels: NDArray[np.integer] = np.frombuffer(data, layout.dtype)
    return pixels.reshape(layout.rows, layout.columns)


def _decode_for_parent() -> None:
    """Body of the child process."""
    planes: tuple[Plane, ...] = pickle.load(sys.stdin.buffer)
    largest = max(plane.header.layout.frame_bytes for plane in planes)
    limit_resources(MEMORY_BYTES + FRAME_COPIES * largest)
    try:
        for pixels in _decode(planes):
            sys.stdout.buffer.write(_PIXELS + pixels.tobytes())
            sys.stdout.buffer.flush()
    except InputError as error:
        sys.stdout.buffer.write(_REFUSED + f"{error.code} {error}".encode())


def _decode(planes: tuple[Plane, ...]) -> Iterator[NDArray[np.integer]]:
    n_threads = min(MAX_THREADS, os.cpu_count() or 1, len(planes))
    if n_threads == 1 or FRAGILE_CODEC in _codecs(planes):
        yield from map(_decode_plane, planes)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        yield from pool.map(_decode_plane, planes)


def _decode_plane(plane: Plane) -> NDArray[np.integer]:
    return decode_frame(plane.header, plane.frame.index)


def limit_resources(extra_bytes: int) -> None:
    """Let this process map no more than it does now and some more, and leave no core file.

    Where the system has no such limits (Windows), time is the only one.

    Args:
        extra_bytes: What it may take beyond what it has.
    """
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return
    limit = pages * resource.getpagesize() + extra_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    _decode_for_parent()
