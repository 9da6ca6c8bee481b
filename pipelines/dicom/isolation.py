"""Frames that only a fragile codec can decode, decoded where its crash ends no more than itself.

A child process decodes a whole stack and writes each frame as raw pixels, whose size the header
tells; a refused frame ends the stream with a mark and the reason.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.pipelines.dicom.codecs import FRAGILE_CODEC, choose_codec
from callosal.pipelines.dicom.decode import decode_frame
from callosal.pipelines.dicom.grouping import Plane

CHILD_TIMEOUT_S = 300.0
_PIXELS, _REFUSED = b"P", b"E"


def needs_isolation(planes: Sequence[Plane]) -> bool:
    """Whether any plane goes through the fragile codec.

    Raises:
        InputError: `decode_failed` where no codec is installed.
    """
    syntaxes = {
        plane.header.layout.syntax_uid for plane in planes if not plane.header.layout.is_native
    }
    return any(choose_codec(syntax) == FRAGILE_CODEC for syntax in syntaxes)


def decode_isolated(planes: Sequence[Plane]) -> Iterator[NDArray[np.integer]]:
    """Decode planes in a child process.

    Args:
        planes: Planes in the order in which their pixels are wanted.

    Yields:
        Stored values as of decode_frame, a plane at a time.

    Raises:
        InputError: `decode_failed`, as of decode_frame or where the codec crashed or hung.
    """
    # the child must import what this process imports, wherever its path came from
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "callosal.pipelines.dicom.isolation"]
    try:
        child = subprocess.run(
            command,
            input=pickle.dumps(tuple(planes)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=CHILD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _crash(planes[0], f"takes longer than {CHILD_TIMEOUT_S:.0f} s") from None
    yield from _split_stream(child.stdout, planes)


def _split_stream(stream: bytes, planes: Sequence[Plane]) -> Iterator[NDArray[np.integer]]:
    start = 0
    for plane in planes:
        layout = plane.header.layout
        mark, end = stream[start : start + 1], start + 1 + layout.frame_bytes
        if mark == _REFUSED:
            raise InputError(stream[start + 1 :].decode(errors="replace"), "decode_failed")
        if mark != _PIXELS or end > len(stream):
            raise _crash(plane, "made the codec crash; copy the file again")
        pixels: NDArray[np.integer] = np.frombuffer(stream[start + 1 : end], layout.dtype)
        yield pixels.reshape(layout.rows, layout.columns)
        start = end


def _crash(plane: Plane, reason: str) -> InputError:
    name, frame = plane.header.file.name, plane.frame.index + 1
    return InputError(f"{name}: frame {frame} cannot be decoded: it {reason}", "decode_failed")


def _decode_for_parent() -> None:
    """Body of the child process."""
    planes: tuple[Plane, ...] = pickle.load(sys.stdin.buffer)
    for plane in planes:
        try:
            pixels = decode_frame(plane.header, plane.frame.index)
        except InputError as error:
            sys.stdout.buffer.write(_REFUSED + str(error).encode())
            return
        sys.stdout.buffer.write(_PIXELS + pixels.tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _decode_for_parent()
