"""Files of one volume (NIfTI-1, NIfTI-2, MGH): known by their content, checked byte for byte.

Names do not decide: archives that address files by their content keep them without a suffix, and
people unpack and pack again. nibabel reads the headers; the voxels are read here, because
nibabel does not check offsets and lengths.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from nibabel.freesurfer.mghformat import DATA_OFFSET, MGHError, MGHHeader
from nibabel.imageglobals import logger as nibabel_logger
from nibabel.nifti1 import Nifti1Header, Nifti1PairHeader
from nibabel.nifti2 import Nifti2Header, Nifti2PairHeader
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from callosal.models.errors import InputError
from callosal.pipelines.dicom.tree import printable

_GZIP = b"\x1f\x8b"
_NIFTI_1, _NIFTI_2 = 348, 540  # bytes of a header, and its first number
_MGH_BYTES = DATA_OFFSET
_BLOCK_BYTES = 512
_LARGEST_OFFSET_BYTES = 2**40
_MAX_FOOTER_BYTES = 2**20
_MGH_NUMBERS = (16, 20)  # bytes of repetition time, flip angle, echo and inversion time, and view
_MGH_TAGS_WITHOUT_LENGTH, _MGH_OLD_XFORM, _MGH_LAST_TAG = frozenset({1, 2, 20}), 30, 100
_BROKEN = (OSError, EOFError, ValueError, OverflowError, KeyError, zlib.error, HeaderDataError,
           WrapStructError, MGHError)  # fmt: skip

PAIR_SUFFIXES = ((".hdr", ".img"), (".hdr.gz", ".img.gz"), (".hdr", ".img.gz"))
"""Names of header and voxels where they lie in two files."""

Header = Any
"""One of nibabel's headers; it carries no types."""

Kind = Literal["nifti", "mgh"]


@dataclass(frozen=True, eq=False)
class VolumeFile:
    """What a file declares, before its voxels are read.

    Attributes:
        kind: Format.
        header: nibabel's, which mends fields without a word.
        raw: The same as it lies in the file.
        shape: Voxels along each axis, time and the like last.
        dtype: As stored, byte order included.
        data_path: Where the voxels lie: the file itself, or the second of a pair.
        offset_bytes: Where they begin, once unpacked.
        name: For messages.
    """

    kind: Kind
    header: Header
    raw: Header
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    data_path: Path
    offset_bytes: int
    name: str


def looks_like_volume(path: Path) -> bool:
    """Whether a file begins as one of the formats does, packed or not; never raises."""
    try:
        with _unpacked(path) as stream:
            return _family(stream.read(_MGH_BYTES)) is not None
    except (OSError, EOFError, zlib.error):
        return False


def open_volume(path: Path) -> VolumeFile:
    """Read and check the header of a volume file.

    Args:
        path: The file; of a pair that of the header.

    Raises:
        InputError: `bad_nifti`, `unreadable`, `not_fetched` or `no_orientation`.
    """
    name = printable(path.name)
    try:
        with _unpacked(path) as stream:
            start = stream.read(_NIFTI_2)
    except (FileNotFoundError, PermissionError):
        message = f"{name}: cannot be opened; check that it is there and may be read"
        raise InputError(message, "unreadable") from None
    except (OSError, EOFError, zlib.error):
        raise _broken(path, "it does not unpack") from None
    family = _family(start)
    if family is None:
        raise _no_volume(path, start)
    try:
        with _quiet_nibabel():
            return _open_mgh(path, start) if family == "mgh" else _open_nifti(path, start)
    except _BROKEN as error:
        if isinstance(error, InputError):
            raise
        raise _broken(path, "its header is broken") from None


def read_voxels(file: VolumeFile) -> NDArray[Any]:
    """The voxels as stored, shape of the file.

    Raises:
        InputError: `bad_nifti`: bytes are missing, or are there that belong to nothing, so that
            the voxels may be shifted.
    """
    n_bytes = int(np.prod(file.shape, dtype=np.int64)) * file.dtype.itemsize
    try:
        with _unpacked(file.data_path) as stream:
            stream.seek(file.offset_bytes)
            data = stream.read(n_bytes)
            rest = stream.read(_BLOCK_BYTES if file.kind == "nifti" else _MAX_FOOTER_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise _broken(
            file.data_path, f"the voxels cannot be read: {type(error).__name__}"
        ) from None
    if len(data) < n_bytes:
        raise _broken(
            file.data_path,
            f"{n_bytes - len(data)} of {n_bytes} bytes of voxels, which begin at byte "
            f"{file.offset_bytes}, are missing",
        )
    end = file.offset_bytes + n_bytes + len(rest)
    fills_block = len(rest) < _BLOCK_BYTES and end % _BLOCK_BYTES == 0 and not any(rest)
    is_known = _is_mgh_footer(rest) if file.kind == "mgh" else fills_block
    if rest and not is_known:
        raise _broken(
            file.data_path,
            f"bytes follow its {n_bytes} bytes of voxels, so these may be shifted or the header "
            "wrong",
        )
    return np.frombuffer(data, file.dtype).reshape(file.shape, order="F")


def _is_mgh_footer(rest: bytes) -> bool:
    """Whether bytes behind the voxels are those of FreeSurfer: four or five numbers, then tags."""
    tags = rest[_MGH_NUMBERS[-1] :]
    if not tags:
        return len(rest) in _MGH_NUMBERS
    tag = int.from_bytes(tags[:4], "big")
    if tag in _MGH_TAGS_WITHOUT_LENGTH:
        return True
    length = int.from_bytes(tags[4:8] if tag == _MGH_OLD_XFORM else tags[4:12], "big")
    return 0 < tag <= _MGH_LAST_TAG and length <= len(tags)


def pair_header(path: Path) -> Path | None:
    """The header that a file of voxels belongs to, where both are there."""
    return _partner(path, 1, 0)


def pair_data(path: Path) -> Path | None:
    """The voxels that a header belongs to, where both are there."""
    return _partner(path, 0, 1)


def _partner(path: Path, own: int, other: int) -> Path | None:
    for pair in PAIR_SUFFIXES:
        if path.name.lower().endswith(pair[own]):
            stem = path.name[: -len(pair[own])]
            for suffix in (pair[other], pair[other].upper()):
                if path.with_name(stem + suffix).is_file():
                    return path.with_name(stem + suffix)
    return None


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as plain:
        is_packed = plain.read(2) == _GZIP
        plain.seek(0)
        if not is_packed:
            yield plain
            return
        with gzip.open(plain) as stream:
            yield stream  # type: ignore[misc]  # a GzipFile reads bytes


@contextmanager
def _quiet_nibabel() -> Iterator[None]:
    """Silence nibabel, which prints each header field it mends."""
    was_disabled = nibabel_logger.disabled
    nibabel_logger.disabled = True
    try:
        yield
    finally:
        nibabel_logger.disabled = was_disabled


def _family(start: bytes) -> Literal["nifti-1", "nifti-2", "analyze", "mgh"] | None:
    sizes = {int.from_bytes(start[:4], "little"), int.from_bytes(start[:4], "big")}
    if _NIFTI_1 in sizes and len(start) >= _MGH_BYTES:
        return "nifti-1"
    if _NIFTI_2 in sizes and start[4:7] in (b"n+2", b"ni2"):
        return "nifti-2"
    # MGH has no mark but its version, so its size and its type must make sense too.
    numbers = np.frombuffer(start[:24], ">i4") if len(start) >= _MGH_BYTES else np.zeros(6)
    is_mgh = numbers[0] == 1 and (numbers[1:5] > 0).all() and numbers[5] in (0, 1, 3, 4)
    return "mgh" if is_mgh else None


def _open_nifti(path: Path, start: bytes) -> VolumeFile:
    name = printable(path.name)
    is_second = _NIFTI_1 not in {int.from_bytes(start[:4], order) for order in ("little", "big")}
    size = _NIFTI_2 if is_second else _NIFTI_1
    magic = start[4:8] if is_second else start[344:348]
    if len(start) < size:
        raise _broken(path, "its header is cut short")
    if not re.match(rb"n[+i][12]\0", magic):
        raise InputError(
            f"{name}: an ANALYZE file, which does not say where left and right are; convert it "
            "to NIfTI",
            "no_orientation",
        )
    is_single = magic[1:2] == b"+"
    kinds: tuple[tuple[Any, Any], ...] = (
        (Nifti1PairHeader, Nifti1Header),
        (Nifti2PairHeader, Nifti2Header),
    )
    kind = kinds[is_second][is_single]
    header, raw = (kind(start[:size], check=check) for check in (True, False))
    data_path: Path | None = path if is_single else pair_data(path)
    if data_path is None:
        raise _broken(path, "the header of a pair whose .img is not beside it")
    offset = float(header["vox_offset"])
    if not offset.is_integer() or offset < 0:
        raise _broken(path, "its voxels begin at no whole byte")
    if offset > _LARGEST_OFFSET_BYTES:
        raise _broken(path, f"its voxels begin at byte {offset:g}, beyond the end of any file")
    # Some programs write 0 and mean the first byte behind header and mark.
    first = size + 4 if is_single else 0
    return VolumeFile(
        "nifti",
        header,
        raw,
        tuple(int(length) for length in header.get_data_shape()),
        header.get_data_dtype(),
        data_path,
        max(int(offset), first),
        name,
    )


def _open_mgh(path: Path, start: bytes) -> VolumeFile:
    name = printable(path.name)
    header = MGHHeader(start[:_MGH_BYTES])
    if not int.from_bytes(start[28:30], "big"):
        raise InputError(
            f"{name}: its header says that it holds no orientation, so left and right are unknown; "
            "set one",
            "no_orientation",
        )
    shape = tuple(int(length) for length in header["dims"])
    dtype = header.get_data_dtype()
    return VolumeFile("mgh", header, header, shape, dtype, path, DATA_OFFSET, name)


def _no_volume(path: Path, start: bytes) -> InputError:
    name = printable(path.name)
    pointers = (b"/annex/objects/", b"version https://git-lfs")
    if start.startswith(pointers):
        return InputError(
            f"{name}: a pointer to content that is not here; fetch it first (git annex get, "
            "datalad get, git lfs pull)",
            "not_fetched",
        )
    if start[257:262] == b"ustar":
        return InputError(f"{name}: a packed folder; unpack it", "archive")
    if start.startswith(_GZIP):
        return InputError(f"{name}: packed twice; unpack it once", "bad_nifti")
    return _broken(path, "it does not begin as one" if start else "it is empty")


def _broken(path: Path, what: str) -> InputError:
    name = printable(path.name)
    return InputError(f"{name}: not a whole NIfTI file, {what}; copy it again", "bad_nifti")
