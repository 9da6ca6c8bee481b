"""A folder of slabs that `fit` reads, cut from the heads of a table."""

import csv
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from callosal.export.runtime import Segmenter
from callosal.models.arrays import Array
from callosal.models.errors import CallosalError, DataError
from callosal.pipelines.datasets.pair_files import write_scaled_pair, write_table
from callosal.pipelines.datasets.participants import Participant
from callosal.pipelines.reading.nifti import read_nifti
from callosal.pipelines.reading.repeated_slices import without_repeats
from callosal.pipelines.training.slab_settings import SlabSettings
from callosal.pipelines.training.slabs import (
    SPACING_MM,
    LabelledHead,
    draw_slab,
    outlined,
)

COLUMNS = ("exam", "split", "image", "reference", "motion", "count", "natural")
LEAST_AREA_MM2 = 100.0
"""A slab whose field of view holds less of the outline is left out."""


@dataclass(frozen=True)
class SlabSource:
    """One row of the table: a series to cut slabs from.

    Attributes:
        exam: Its exam; becomes the site, the unit of every split.
        split: train or val.
        image: NIfTI file to cut.
        reference: NIfTI file of the same exam that the segmenter outlines.
        motion: Text files of ITK transforms between points of the two series, the last one to be
            inverted where there are two; empty where the patient did not move.
        count: Slabs to cut.
        natural: Share of them that keep the contrast of the series.
    """

    exam: str
    split: str
    image: Path
    reference: Path
    motion: tuple[Path, ...]
    count: int
    natural: float


def read_slab_table(table: Path) -> list[SlabSource]:
    """Read the table; its paths are relative to the folder it lies in.

    Raises:
        DataError: A column is missing or a value is not of its kind (`bad_table`).
    """
    try:
        with table.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
        return [_source(row, table.parent) for row in rows]
    except OSError as error:
        raise DataError(f"{table.name}: {error.strerror}", code="bad_table") from error
    except (KeyError, ValueError) as error:
        raise DataError(
            f"{table.name}: {error}; its columns are {', '.join(COLUMNS)}, separated by tabs",
            code="bad_table",
        ) from error


def write_slabs(
    sources: list[SlabSource], output: Path, seed: int, settings: SlabSettings, segmenter: Segmenter
) -> int:
    """Write the slabs of all sources.

    Args:
        sources: Series to cut.
        output: Folder to write into.
        seed: The same seed gives the same slabs.
        settings: How slabs may lie.
        segmenter: Outlines the references.

    Returns:
        Exit code: 0, 2 where a series was left out, 1 where all were.
    """
    console = Console(stderr=True)
    participants: list[Participant] = []
    lost = 0
    for number, source in enumerate(track(sources, "slabs", console=console)):
        try:
            written = list(_write_one(source, output, seed + 10_000 * number, settings, segmenter))
        except CallosalError as error:
            console.print(f"{source.image.name}: left out: {error}", markup=False)
            lost += 1
            continue
        participants += written
    manifest = {
        "made_by": f"callosal slabs {version('callosal')}",
        "seed": seed,
        "settings": asdict(settings),
        "outlined_by": segmenter.sha256,
        "sources": [source.image.name for source in sources],
    }
    write_table(output, participants, manifest)
    return 0 if not lost else 1 if lost == len(sources) else 2


def _source(row: dict[str, str], folder: Path) -> SlabSource:
    return SlabSource(
        exam=row["exam"],
        split=row["split"],
        image=folder / row["image"],
        reference=folder / row["reference"],
        motion=tuple(folder / name for name in row["motion"].split()),
        count=int(row["count"]),
        natural=float(row["natural"]),
    )


def _write_one(
    source: SlabSource, output: Path, seed: int, settings: SlabSettings, segmenter: Segmenter
) -> Iterator[Participant]:
    callosum = outlined(read_nifti(source.reference), segmenter)
    image = without_repeats(read_nifti(source.image))
    head = LabelledHead(image, _to_reference(source.motion), callosum)
    kind = source.image.name.split(".")[0].rsplit("_", 1)[-1]
    for index in range(source.count):
        drawn = replace(settings, natural=source.natural)
        pixels, mask = draw_slab(head, seed + index, drawn)
        if mask.sum() * SPACING_MM**2 < LEAST_AREA_MM2:
            continue
        name = f"sub-{source.exam}{kind}{index:03d}"
        write_scaled_pair(output, name, pixels, mask, SPACING_MM)
        yield Participant(name, source.exam, source.split)


def _to_reference(motion: tuple[Path, ...]) -> Array:
    """Matrix from LPS mm of the series to those of the reference.

    ITK transforms of such pairs go from a third series, so the second one is inverted.
    """
    matrices = [itk_matrix(path) for path in motion]
    if not matrices:
        return np.eye(4)
    return matrices[0] if len(matrices) == 1 else matrices[0] @ np.linalg.inv(matrices[1])


def itk_matrix(path: Path) -> Array:
    """4x4 matrix of an affine transform in ITK's text format, points of LPS mm to LPS mm.

    Raises:
        DataError: The file is not such a transform (`bad_transform`).
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        values = dict(line.split(": ", 1) for line in lines if ": " in line)
        numbers = np.array(values["Parameters"].split(), float)
        center = np.array(values["FixedParameters"].split(), float)
        matrix = np.eye(4)
        matrix[:3, :3] = numbers[:9].reshape(3, 3)
        matrix[:3, 3] = numbers[9:12] + center - matrix[:3, :3] @ center
    except (OSError, KeyError, ValueError) as error:
        raise DataError(
            f"{path.name}: is not an affine transform of ITK ({type(error).__name__})",
            code="bad_transform",
        ) from error
    return matrix
