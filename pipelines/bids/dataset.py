"""A BIDS dataset: its images, found by ancpbids, and those of them that are planned on."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ancpbids import DatasetOptions, load_dataset

from callosal.models.errors import InputError
from callosal.pipelines.bids.filters import DEFAULT, Filter, read_filters, taken

EXTENSIONS = (".nii.gz", ".nii")
_ENTITY = re.compile(r"([a-z]+)-([A-Za-z0-9+]+)")


@dataclass(frozen=True, slots=True)
class BidsImage:
    """One image of a dataset.

    Attributes:
        path: The file.
        name: Its path in the dataset, with "/".
        entities: Values by short entity name, as they stand in the file name.
        suffix: Such as T1w.
    """

    path: Path
    name: str
    entities: Mapping[str, str]
    suffix: str

    @property
    def stem(self) -> str:
        """Name of the file without its extension: the name of its case."""
        return PurePosixPath(self.name).name.split(".")[0]

    @property
    def participant(self) -> str:
        """Such as sub-01."""
        return f"sub-{self.entities['sub']}"

    @property
    def session(self) -> str | None:
        """Such as ses-1; None in a dataset without sessions."""
        return f"ses-{self.entities['ses']}" if "ses" in self.entities else None


@dataclass(frozen=True)
class Selection:
    """What a user asks for.

    Attributes:
        participants: Labels, with or without sub-; none for all.
        sessions: Labels, with or without ses-; none for all.
        filter_file: File of `--bids-filter-file`; None for the T1-weighted images.
    """

    participants: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    filter_file: Path | None = None


@dataclass(frozen=True)
class FoundImages:
    """The images of a dataset.

    Attributes:
        images: Those to plan on, by name.
        unused: How many anatomical images are left out, by suffix.
    """

    images: tuple[BidsImage, ...]
    unused: Mapping[str, int]

    def by_participant(self) -> dict[str, list[BidsImage]]:
        """The images of each participant, such as sub-01."""
        listed: dict[str, list[BidsImage]] = {}
        for image in self.images:
            listed.setdefault(image.participant, []).append(image)
        return listed


def find_images(bids_dir: Path, selection: Selection) -> FoundImages:
    """The images to plan on. Derivatives, source data and what .bidsignore names are left out.

    Args:
        bids_dir: Folder of the dataset.
        selection: What is wanted.

    Raises:
        InputError: A label is not in the dataset (`no_such_participant`, `no_such_session`),
            nothing fits (`no_images`), or `bad_filter_file`.
    """
    # Without the option it would unpickle a file that may lie in the dataset.
    options = DatasetOptions(ignore=True, ignore_pickle_file=True)
    dataset: Any = load_dataset(str(bids_dir), options)
    everything = sorted(_images(dataset, bids_dir), key=lambda image: image.name)
    wanted_participants = _labels(selection.participants, "sub")
    wanted_sessions = _labels(selection.sessions, "ses")
    _check(wanted_participants, {i.entities["sub"] for i in everything}, "participant")
    _check(wanted_sessions, {i.entities.get("ses", "") for i in everything}, "session")
    filters = _filters(dataset, selection.filter_file)
    asked = [
        image
        for image in everything
        if (not wanted_participants or image.entities["sub"] in wanted_participants)
        and (not wanted_sessions or image.entities.get("ses") in wanted_sessions)
    ]
    images = [image for image in asked if taken(filters, _described(image))]
    if not images:
        raise InputError(
            f"{bids_dir.name}: none of {len(asked)} images of these participants and sessions "
            "fits; without --bids-filter-file the T1w images in anat/ are taken",
            "no_images",
        )
    used = {image.name for image in images}
    unused = Counter(
        image.suffix for image in asked if image.name not in used and "/anat/" in image.name
    )
    return FoundImages(tuple(_once(images)), dict(sorted(unused.items())))


def _images(dataset: Any, bids_dir: Path) -> Iterator[BidsImage]:
    for artifact in dataset.query(extension=list(EXTENSIONS), scope="raw"):
        name = str(artifact.get_relative_path()).replace("\\", "/")
        entities = dict(_ENTITY.findall(PurePosixPath(name).name))
        if name.startswith(f"sub-{entities.get('sub')}/"):
            yield BidsImage(bids_dir / name, name, entities, str(artifact.suffix))


def _filters(dataset: Any, path: Path | None) -> Sequence[Filter]:
    if path is None:
        return DEFAULT
    names = [(item.name, str(item.value["name"])) for item in dataset.get_schema().EntityEnum]
    short_names = {key: short for long, short in names for key in (long, short)}
    return read_filters(path, short_names)


def _described(image: BidsImage) -> dict[str, str]:
    """Entities, suffix, datatype and extension of an image."""
    path = PurePosixPath(image.name)
    return {
        **image.entities,
        "suffix": image.suffix,
        "datatype": path.parent.name,
        "extension": path.name.removeprefix(image.stem),
    }


def _once(images: Sequence[BidsImage]) -> Iterator[BidsImage]:
    """Images without those whose packed file lies beside them: they would share all names."""
    packed = {image.name.removesuffix(".gz") for image in images if image.name.endswith(".gz")}
    return (image for image in images if image.name not in packed)


def _labels(words: Sequence[str], entity: str) -> tuple[str, ...]:
    """Labels without their entity; several may share a word, parted by spaces or commas."""
    parts = [part for word in words for part in re.split(r"[\s,]+", word) if part]
    return tuple(part.removeprefix(f"{entity}-") for part in parts)


def _check(wanted: Sequence[str], there: set[str], what: str) -> None:
    missing = [label for label in wanted if label not in there]
    if missing:
        known = ", ".join(sorted(there - {""})[:8]) or "none"
        raise InputError(
            f"--{what}-label {missing[0]}: no image of the dataset has it; it has {known}"
            + (", ..." if len(there) > 8 else ""),
            f"no_such_{what}",
        )
