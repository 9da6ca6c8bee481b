"""The grid of the experiment: its YAML, its arms and the folders they need."""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from synthetic_arm import View

from callosal.models.errors import DataError
from callosal.pipelines.training.augment import Augmentation


@dataclass(frozen=True)
class Source:
    """Where made pairs come from.

    Attributes:
        views: Views that use it.
        counts: Numbers of real slices it is made from.
        make: Commands that fill its folder.
    """

    views: tuple[str, ...]
    counts: tuple[str, ...]
    make: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Grid:
    """What the YAML says."""

    output: Path
    seeds: tuple[int, ...]
    counts: tuple[str, ...]
    held_out: tuple[str, ...]
    views: Mapping[str, View]
    sources: Mapping[str, Source]


@dataclass(frozen=True)
class Arm:
    """One cell of the grid.

    Attributes:
        view: Name of the view.
        count: Number of real labelled slices behind it, or all.
        source: Name of the source of made pairs; empty for none.
        real: Whether the real slices are trained on, too.
        seed: Seed of the segmenter.
    """

    view: str
    count: str
    source: str
    real: bool
    seed: int

    @property
    def name(self) -> str:
        """Such as real-10, real-10+ddpm, ddpm-10.

        >>> Arm("crops", "10", "ddpm", True, 0).name
        'real-10+ddpm'
        """
        if not self.source:
            return f"real-{self.count}"
        return f"real-{self.count}+{self.source}" if self.real else f"{self.source}-{self.count}"


def read_grid(path: Path) -> Grid:
    """Read the YAML; a wrong key is an error."""
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return Grid(
            Path(said["output"]),
            tuple(said["seeds"]),
            tuple(str(count) for count in said["counts"]),
            tuple(said["held_out"]),
            {name: _view(values) for name, values in said["views"].items()},
            {name: _source(values) for name, values in said["sources"].items()},
        )
    except (KeyError, TypeError) as error:
        raise DataError(f"{path.name}: {error}", code="bad_grid") from error


def _view(values: dict[str, Any]) -> View:
    augmentation = Augmentation(**values.pop("augmentation", {}))
    return View(**{**values, "widths": tuple(values["widths"]), "augmentation": augmentation})


def _source(values: dict[str, Any]) -> Source:
    make = tuple(tuple(str(word) for word in words) for words in values.get("make", ()))
    return Source(tuple(values["views"]), tuple(str(count) for count in values["counts"]), make)


def arms(grid: Grid, only: str) -> Iterator[Arm]:
    """All arms whose `view/name` the pattern finds, one seed after the other."""
    for seed in grid.seeds:
        for view in grid.views:
            for count in grid.counts:
                cells = [("", True)] + [
                    (name, real)
                    for name, source in grid.sources.items()
                    for real in (False, True)
                    if view in source.views and count in source.counts
                ]
                for name, real in cells:
                    arm = Arm(view, count, name, real, seed)
                    if re.search(only, f"{view}/{arm.name}/{seed}"):
                        yield arm


def synthetic_folder(grid: Grid, arm: Arm, data: Path) -> Path | None:
    """The folder of made pairs of an arm, filled now where it can be; None where it cannot."""
    folder = grid.output / "pairs" / f"{arm.source}-{arm.count}"
    if (folder / "manifest.json").is_file():
        return folder
    count = "null" if arm.count == "all" else arm.count
    for words in grid.sources[arm.source].make:
        command = [word.format(data=data, folder=folder, count=count) for word in words]
        print(" ".join(command), flush=True)
        if subprocess.run(command, check=False).returncode != 0:
            return None
    return folder if (folder / "manifest.json").is_file() else None


def key_of(arm: Arm, view: View, folder: Path | None) -> str:
    """Changes with the budget, the arm and the made pairs: a finished key is not run again."""
    made = (folder / "manifest.json").read_text(encoding="utf-8") if folder else ""
    said = json.dumps([asdict(arm), asdict(view), made], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
