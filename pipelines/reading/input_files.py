"""The files of all inputs: an MR image header, a NIfTI file or the reason to skip each."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from callosal.pipelines.dicom.headers import Header, read_header
from callosal.pipelines.dicom.tree import FileEntry, Skipped, leads_nowhere, printable, walk_files
from callosal.pipelines.reading.file_patterns import EVERY_FILE, FilePatterns
from callosal.pipelines.reading.skips import NOT_IMAGES
from callosal.pipelines.reading.volume_file import (
    PAIR_SUFFIXES,
    looks_like_volume,
    pair_data,
    pair_header,
)

_VOLUME_SUFFIXES = (".nii", ".nii.gz", ".mgh", ".mgz", ".mgh.gz")
_PAIR_SUFFIXES = tuple(suffix for pair in PAIR_SUFFIXES for suffix in pair)
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"BZh", b"\xfd7zXZ\0", b"Rar!")
_TAR_MARK = slice(257, 262)
_MAY_BE_NAMED_LATER = ("not_dicom", "not_included")
_LABEL_MARKS = ("_mask.", "_dseg.", "_probseg.", "_label")


def scan_inputs(
    inputs: Sequence[Path], patterns: FilePatterns = EVERY_FILE
) -> Iterator[Header | FileEntry | Skipped]:
    """What each file among the inputs is; one at a time, in a fixed order.

    Args:
        inputs: Folders and files; a file that lies in several of them comes once.
        patterns: Which files are looked at.

    Yields:
        A header for an MR image, the entry itself for a NIfTI file, else the reason. An input
        that does not exist or holds no image gives a reason of its own: `no_such_input`,
        `empty_input` or `no_images`.
    """
    seen: dict[str, bool] = {}
    for root in inputs:
        is_one_of_several = len(inputs) > 1 and root.is_dir()
        prefix = f"{printable(root.resolve().name)}/" if is_one_of_several else ""
        yield from _scan_input(root, prefix, seen, patterns)


def _scan_input(
    root: Path, prefix: str, seen: dict[str, bool], patterns: FilePatterns
) -> Iterator[Header | FileEntry | Skipped]:
    name = printable(root.name) or "input"
    if root.is_symlink() and not root.exists():
        yield leads_nowhere(root, name)
        return
    if not root.exists():
        yield Skipped(name, "no_such_input", "there is no such file or folder; check the path")
        return
    n_seen = 0
    found_codes: Counter[str] = Counter()
    for entry in walk_files(root):
        if isinstance(entry, FileEntry) and _is_met(entry, seen):
            n_seen += 1
            continue
        named = replace(entry, name=prefix + entry.name)
        if isinstance(named, FileEntry) and not patterns.takes(entry.name):
            named = Skipped(named.name, "not_included", "left out by --include or --exclude")
        found = identify(named, is_named=root.is_file())
        code = found.code if isinstance(found, Skipped) else ""
        if isinstance(entry, FileEntry):
            seen[entry.path] = code not in _MAY_BE_NAMED_LATER
        found_codes[code] += 1
        yield found
    if not found_codes:
        why = "holds no file that another input does not" if n_seen else "holds no file"
        yield Skipped(name, "empty_input", f"the folder {why}; check the path")
    elif NOT_IMAGES.issuperset(found_codes):
        yield Skipped(name, "no_images", _why_no_images(root, found_codes))


def _is_met(entry: FileEntry, seen: Mapping[str, bool]) -> bool:
    """Whether a file came before; a link may name later a file without suffix (git-annex, DVC)."""
    is_named_now = entry.name.lower().endswith(_VOLUME_SUFFIXES)
    return entry.path in seen and (seen[entry.path] or not is_named_now)


def _why_no_images(root: Path, codes: Counter[str]) -> str:
    """What is wrong with an input of which no file is an image, and what to do."""
    n_files, (most, _) = codes.total(), codes.most_common(1)[0]
    if most == "archive":
        return "a packed archive; unpack it" if root.is_file() else "holds archives; unpack them"
    if root.is_file():
        return "is neither DICOM nor NIfTI; check the path"
    if codes["symlink_outside"]:
        return (
            f"holds {codes['symlink_outside']} links that lead out of it, which are not followed, "
            "and no image; name the folder that they lead to"
        )
    if codes["not_included"]:
        return "holds no image that --include and --exclude leave; check the patterns"
    if codes["bids_derivatives"]:
        return "holds derivatives of BIDS and no image; name the folder of derivatives itself"
    if codes["own_results"]:
        return "holds results of callosal and no image; name the folder of the images"
    return f"holds {n_files} files, but none is DICOM or NIfTI; check the path"


def identify(entry: FileEntry | Skipped, is_named: bool = False) -> Header | FileEntry | Skipped:
    """What a file is: a header for an MR image, the entry itself for a NIfTI file, else a reason.

    Args:
        entry: A file of a walk.
        is_named: Whether the user named this very file; label images are only read then.
    """
    if isinstance(entry, Skipped):
        return entry
    file_name = PurePosixPath(entry.name).name.lower()
    if file_name.endswith(_PAIR_SUFFIXES):
        return _identify_pair(entry, is_named)
    if not file_name.endswith(_VOLUME_SUFFIXES):
        header = read_header(entry)
        is_other = is_named and isinstance(header, Skipped) and header.code == "not_dicom"
        if is_other and looks_like_volume(Path(entry.path)):
            return entry
        return _told_archive(header, entry)
    if not is_named and any(mark in file_name for mark in _LABEL_MARKS):
        return Skipped(entry.name, "label_image", "named as a mask or label, not an image")
    return entry


def _identify_pair(entry: FileEntry, is_named: bool) -> Header | FileEntry | Skipped:
    """Header and voxels in two files; DICOM files are named `.img` too."""
    path = Path(entry.path)
    header = pair_header(path)
    if header is not None and looks_like_volume(header):
        if not is_named:
            return Skipped(entry.name, "voxels_of_pair", "read with the header beside it")
        info = header.stat()
        name = printable(header.name)
        return FileEntry(str(header), name, info.st_size, info.st_mtime_ns)
    found = read_header(entry)
    is_other = isinstance(found, Skipped) and found.code == "not_dicom"
    if is_other and looks_like_volume(path) and (pair_data(path) or ".hdr" in entry.name.lower()):
        return entry
    return found


def _told_archive(found: Header | Skipped, entry: FileEntry) -> Header | Skipped:
    """The reason for a packed folder says that it is packed: unpacked, it may hold images."""
    if not isinstance(found, Skipped) or found.code != "not_dicom":
        return found
    try:
        with Path(entry.path).open("rb") as file:
            start = file.read(_TAR_MARK.stop)
    except OSError:
        return found
    if start.startswith(_ARCHIVES) or start[_TAR_MARK] == b"ustar":
        return Skipped(entry.name, "archive", "a packed archive (zip, tar, gz, 7z); unpack it")
    return found
