"""Which files of the inputs are looked at, by patterns of their names."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath


@dataclass(frozen=True)
class FilePatterns:
    """Patterns as a shell has them: * for any characters, ? for one, [ab] for one of these.

    A pattern is compared with the name of a file, and with its path from the input on. Several
    may stand in one text, with commas between them.

    Attributes:
        include: Files must match one of these; all files do where there is none.
        exclude: Files must match none of these.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def takes(self, name: str) -> bool:
        """Whether a file is looked at.

        Args:
            name: Its path from the input on, with "/".

        >>> FilePatterns(include=("*_T1w.nii.gz",)).takes("sub-01/anat/sub-01_T1w.nii.gz")
        True
        >>> FilePatterns(include=("*_T1w*,*_T2w*",)).takes("sub-01/anat/sub-01_T2w.nii.gz")
        True
        >>> FilePatterns(exclude=("old/*",)).takes("old/a.nii.gz")
        False
        """
        is_included = not self.include or _matches_any(name, self.include)
        return is_included and not _matches_any(name, self.exclude)


EVERY_FILE = FilePatterns()
"""No pattern at all."""


def _matches_any(name: str, patterns: tuple[str, ...]) -> bool:
    base = PurePosixPath(name).name
    each = (one.strip() for text in patterns for one in text.split(","))
    return any(fnmatchcase(base, one) or fnmatchcase(name, one) for one in each if one)
