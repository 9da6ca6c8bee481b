"""The files of a tree: any nesting, any names, never out of the root."""

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_CASES = "cases"
_OF_RUN = frozenset({"run.json", "results.jsonl"})
_OF_CASE = frozenset({"plan.json", "done.json"})
_OWN = "results of callosal, not images to plan on; not entered"
_DERIVATIVES = "derivatives"
_BIDS = "dataset_description.json"
_DERIVED = "derivatives of a BIDS dataset; not entered: name the folder itself to plan on them"
_FREESURFER = ("orig.mgz", "T1.mgz")
_FREESURFER_MADE = frozenset({"aseg.mgz", "brain.mgz", "brainmask.mgz", "mask.mgz", "norm.mgz",
                              "nu.mgz", "orig_nu.mgz", "transforms"})  # fmt: skip
"""Entries of a folder mri of FreeSurfer or FastSurfer, one of which every finished subject has."""

_ANNEX = ".git/annex/objects"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One regular file below a root.

    Attributes:
        path: Path to open, absolute or as given; never shown to the user.
        name: Path relative to the root with "/" and printable characters only, for messages.
        size_bytes: Size of the file.
        mtime_ns: Time of the last change, in nanoseconds since the epoch.
    """

    path: str
    name: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that gives no image, and why.

    Attributes:
        name: Path relative to the root, for messages.
        code: Reason code.
        message: One line; what was found and what to do.
        series_uid: Series the file belongs to, "" where unknown; internal, never shown.
    """

    name: str
    code: str
    message: str
    series_uid: str = ""


def walk_files(root: Path) -> Iterator[FileEntry | Skipped]:
    """Every regular file below a folder, in a fixed order, in memory bounded by one folder.

    Links to folders are not entered (a link inside the root leads to files that are met
    anyway); links to files are followed only where the target lies inside the root, or in the
    git-annex store of the repository that the root lies in. Folders of results of callosal are
    not entered, nor are derivatives of a BIDS dataset, nor those of git, whose files are met by
    their links. Of a subject of FreeSurfer mri/orig.mgz is taken, else mri/T1.mgz.

    Args:
        root: A folder, or a single file.

    Yields:
        An entry a file; a Skipped for what cannot or must not be opened.
    """
    name, root = printable(root.name), Path(os.path.realpath(root))
    if not root.is_dir():
        yield _named_file(root, name or printable(root.name))
        return
    folders = [str(root)]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield Skipped(_relative(folder, root), "unreadable", _os_reason(error))
            continue
        names = {entry.name for entry in entries}
        if names >= _OF_CASE:
            yield Skipped(_relative(folder, root), "own_results", _OWN)
            continue
        for entry in entries:
            aside = _set_aside(entry, names, root)
            if aside is not None:
                yield aside
            elif not entry.is_dir(follow_symlinks=False):
                yield _visit(entry, root)
            elif entry.name != ".git":
                folders.append(entry.path)


def _set_aside(entry: os.DirEntry[str], names: set[str], root: Path) -> Skipped | None:
    """Why an entry of a folder is not looked at, whatever it holds; None for all others."""
    name = _relative(entry.path, root)
    folder = Path(entry.path).parent.name
    original = next((image for image in _FREESURFER if image in names), None)
    if folder == "mri" and original is not None and names & _FREESURFER_MADE:
        if entry.name != original:
            return Skipped(name, "freesurfer_derived", f"FreeSurfer made it from mri/{original}")
        return None
    if not entry.is_dir(follow_symlinks=False):
        return None
    if entry.name == _CASES and names & _OF_RUN:
        return Skipped(name, "own_results", _OWN)
    if entry.name == _DERIVATIVES and _BIDS in names:
        return Skipped(name, "bids_derivatives", _DERIVED)
    return None


def printable(name: str) -> str:
    r"""A file name that is safe to print: one line, no control or undecodable characters.

    >>> printable("a\nb"), printable("caf\udce9")
    ('a?b', 'caf\\xe9')
    """
    return "".join(map(_printable, name))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    # How Python keeps a byte that is not UTF-8: names that differ must differ when printed.
    byte = ord(character) - 0xDC00
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else "?"


def _visit(entry: os.DirEntry[str], root: Path) -> FileEntry | Skipped:
    name = _relative(entry.path, root)
    try:
        if entry.is_symlink():
            return _visit_link(Path(entry.path), name, root)
        info = entry.stat(follow_symlinks=False)
    except OSError as error:
        return Skipped(name, "unreadable", _os_reason(error))
    return _regular(entry.path, name, info)


def _named_file(path: Path, name: str) -> FileEntry | Skipped:
    """A file that a user named; opening a pipe would wait for ever."""
    try:
        return _regular(str(path), name, path.stat())
    except OSError as error:
        return Skipped(name, "unreadable", _os_reason(error))


def _regular(path: str, name: str, info: os.stat_result) -> FileEntry | Skipped:
    if not stat.S_ISREG(info.st_mode):
        return Skipped(name, "not_a_file", "a pipe, socket or device, not a regular file")
    return FileEntry(path, name, info.st_size, info.st_mtime_ns)


def _visit_link(link: Path, name: str, root: Path) -> FileEntry | Skipped:
    try:
        target = Path(os.path.realpath(link, strict=True))
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ELOOP):
            raise
        return leads_nowhere(link, name)
    if not target.is_relative_to(root) and not _is_annexed(target, root):
        return Skipped(name, "symlink_outside", "a link out of the input folder; not followed")
    info = target.stat()
    if not stat.S_ISREG(info.st_mode):
        return Skipped(name, "symlink_folder", "a link to a folder; not entered")
    return FileEntry(str(target), name, info.st_size, info.st_mtime_ns)


def leads_nowhere(link: Path, name: str) -> Skipped:
    """Why a link has no target."""
    if _ANNEX in str(link.readlink()):
        return Skipped(name, "not_fetched", "its content is not here; fetch it (git annex get)")
    return Skipped(name, "broken_link", "a link that leads nowhere; mend or remove it")


def _is_annexed(target: Path, root: Path) -> bool:
    """Whether a file lies in the store of a repository that a folder is part of."""
    return any(target.is_relative_to(parent / _ANNEX) for parent in root.parents)


def _relative(path: str, root: Path) -> str:
    return printable(Path(path).relative_to(root).as_posix())


def _os_reason(error: OSError) -> str:
    return f"cannot be read ({error.strerror or 'input/output error'}); check its permissions"
