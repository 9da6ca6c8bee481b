"""Images that are one image under several names, as if a session was copied by mistake."""

import gzip
import hashlib
import zlib
from collections.abc import Hashable, Mapping
from pathlib import Path

_TRAILER_BYTES = 8
_CHUNK_BYTES = 1 << 20
_SAMPLE_BYTES = 1 << 16


def same_images(images: Mapping[str, Path]) -> dict[str, str]:
    """Images whose content, once unpacked, is that of an image before them.

    Few bytes are read of an image that is like no other: a packed file ends with the checksum and
    the length of its content. Files that seem equal are then read as a whole. A file that cannot
    be read is like no other.

    Args:
        images: Files by name, `.nii` or `.nii.gz`.

    Returns:
        Name of the first image of the same content, by the name of each later one.
    """
    alike: dict[Hashable, list[str]] = {}
    for name, path in images.items():
        alike.setdefault(_clue(path) or name, []).append(name)
    first: dict[str, str] = {}
    found: dict[str, str] = {}
    for names in alike.values():
        for name in names if len(names) > 1 else ():
            original = first.setdefault(_digest(images[name]) or name, name)
            if original != name:
                found[name] = original
    return found


def _clue(path: Path) -> tuple[int, bytes] | None:
    """Something that files of one content share, at the cost of a few bytes."""
    try:
        size = path.stat().st_size
        if not size:
            return None
        with path.open("rb") as file:
            if path.name.endswith(".gz"):
                file.seek(max(0, size - _TRAILER_BYTES))
                return 0, file.read()
            # The middle of a head has tissue; its start may be empty.
            file.seek(size // 2)
            return size, file.read(_SAMPLE_BYTES)
    except OSError:
        return None


def _digest(path: Path) -> str | None:
    """SHA-256 of the unpacked content."""
    digest = hashlib.sha256()
    try:
        with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except (OSError, EOFError, zlib.error):
        return None
    return digest.hexdigest()
