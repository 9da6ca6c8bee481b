"""Inputs that are not cases: their reasons, gathered so that each is given once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from callosal.models.errors import InputError
from callosal.pipelines.dicom.facts import Fact
from callosal.pipelines.dicom.localizers import Localizer
from callosal.pipelines.dicom.stacks import Stack
from callosal.pipelines.dicom.tree import Skipped
from callosal.pipelines.reading.place import Place

NOT_IMAGES = frozenset({
    "archive", "bids_derivatives", "freesurfer_derived", "not_a_file", "not_dicom",
    "not_included", "own_results", "symlink_folder", "symlink_outside",
})  # fmt: skip
"""Codes of files that are no images of any kind."""

_INPUT_CODES = frozenset({"empty_input", "no_images", "no_such_input"})

NOT_MEANT = NOT_IMAGES | {
    "better_series", "dicomdir", "duplicate_file", "field_of_view_too_small", "label_image",
    "later_time_point", "mosaic", "no_sagittal_view", "not_3d", "not_grayscale", "not_magnitude",
    "not_mr",
    "not_mr_image", "projection", "voxels_of_pair",
}  # fmt: skip
"""Codes of what is left aside because it is another kind of thing; all others are faults."""


@dataclass(frozen=True, slots=True)
class Skip:
    """A stack, or files of one kind, that give no case.

    Attributes:
        label: What to call it on the console.
        code: Reason code.
        message: One line: what was found and what to do.
        n_files: Files it stands for.
        uid_key: Secret identity like that of a case where it stands for a series that could
            not be used, else "".
        source: Facts of a stack; empty for files.
        place: Where it lies; of files of one kind the label alone.
        name: As of a `Case`.
        content: Of a series that could be planned on, as of a `Case`; None of all others.
    """

    label: str
    code: str
    message: str
    n_files: int
    uid_key: str
    source: Mapping[str, Fact]
    place: Place
    name: str = ""
    content: Stack | Localizer | Path | None = None

    @property
    def key(self) -> str:
        """Secret identity: hash it with a salt before it is shown."""
        return self.uid_key or f"{self.label}:{self.code}"

    @property
    def is_fault(self) -> bool:
        """Whether something is broken or refused, rather than of another kind."""
        return self.code not in NOT_MEANT


@dataclass(slots=True)
class SkipCounter:
    """Gathers skipped files by reason and series, keeping one example of each."""

    first: dict[tuple[str, str], Skipped]
    counts: dict[tuple[str, str], int]

    @classmethod
    def empty(cls) -> "SkipCounter":
        """A counter of nothing."""
        return cls({}, {})

    def add(self, skipped: Skipped) -> None:
        """Count one file."""
        key = (skipped.code, _owner(skipped))
        self.first.setdefault(key, skipped)
        self.counts[key] = self.counts.get(key, 0) + 1

    def count_faults(self, owner_of_files: str) -> list[tuple[str, int]]:
        """Codes and numbers of faulty files.

        Args:
            owner_of_files: UID of their series, or the folder of those whose series is unknown.
        """
        return [
            (code, count)
            for (code, owner), count in sorted(self.counts.items())
            if owner == owner_of_files and code not in NOT_MEANT
        ]

    def check_any_image(self) -> None:
        """Refuse inputs of which no file is an image, not even a broken one or a CT.

        Raises:
            InputError: With the code of the first input.
        """
        if any(code not in NOT_IMAGES | _INPUT_CODES for code, _ in self.counts):
            return
        reasons = [skip for (code, _), skip in self.first.items() if code in _INPUT_CODES]
        if not reasons:
            raise InputError("no input given; name a folder or a file", "empty_input")
        raise InputError(f"{reasons[0].name}: {reasons[0].message}", reasons[0].code)

    def skips(self, used_series: Iterable[str]) -> tuple[Skip, ...]:
        """One skip a reason and series.

        Args:
            used_series: UIDs of series that gave stacks, so that they need no identity here.
        """
        used = frozenset(used_series)
        return tuple(
            _file_skip(self.first[key], self.counts[key], key[1] in used)
            for key in sorted(self.counts)
        )


def _owner(skipped: Skipped) -> str:
    if skipped.code in NOT_IMAGES:
        return ""
    return skipped.series_uid or str(PurePosixPath(skipped.name).parent)


def _file_skip(example: Skipped, count: int, is_used: bool) -> Skip:
    others = f" (and {count - 1} more)" if count > 1 else ""
    label = f"{example.name}{others}"
    is_lost_series = example.code not in NOT_MEANT and not is_used
    return Skip(
        label=label,
        code=example.code,
        message=example.message,
        n_files=count,
        uid_key=f"{_owner(example)}/{example.code}" if is_lost_series else "",
        source={},
        place=Place(file=label),
    )
