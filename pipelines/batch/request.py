"""What a user asked `callosal infer`, `audit`, `watch` or `listen` for."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from callosal.export.devices import Device
from callosal.models.errors import InputError
from callosal.pipelines.batch.jobs import Part
from callosal.pipelines.batch.ray_options import RayOptions
from callosal.pipelines.dicom.localizers import Fuse
from callosal.pipelines.follow_up.first_visit import FirstVisit
from callosal.pipelines.outputs.case_id import Names
from callosal.pipelines.reading.best_series import BestOf
from callosal.pipelines.reading.file_patterns import EVERY_FILE, FilePatterns
from callosal.pipelines.settings import Settings


@dataclass(frozen=True)
class Engine:
    """What runs the cases.

    Attributes:
        model: Name of a shipped model, or an ONNX file.
        device: Where the network runs.
        threads: Threads of the network; None for the cores this process may use.
        workers: Threads that read ahead.
        ray: A cluster that does the work; None for this process.
    """

    model: str
    device: Device
    threads: int | None
    workers: int
    ray: RayOptions | None = None

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise InputError(f"--workers {self.workers}: must be 1 or more", "wrong_usage")


@dataclass(frozen=True)
class Request:
    """One call of `callosal infer`, or one service.

    Attributes:
        inputs: Folders and files.
        output: Folder to write into.
        engine: What runs the cases.
        part: Which part of the cases.
        overwrite: Do finished cases again.
        settings: How the pose and the plan are made.
        mapping: File that lists which case is which series, or None.
        command: What was called.
        best_of: Plan on every series, or on the best one of each exam.
        fuse: What becomes one localizer.
        first: A first visit whose stacks are repeated, or None.
        patterns: Which files of the inputs are looked at.
        names: How cases are named.
        segmentation: Name of segmentations beside the images to compare with; None for none.
    """

    inputs: tuple[Path, ...]
    output: Path
    engine: Engine
    part: Part
    overwrite: bool
    settings: Settings
    mapping: Path | None = None
    command: Literal["infer", "watch", "listen", "bids", "audit"] = "infer"
    best_of: BestOf = "series"
    fuse: Fuse = "scout"
    first: FirstVisit | None = None
    patterns: FilePatterns = EVERY_FILE
    names: Names = "hash"
    segmentation: str | None = None

    @property
    def work_sha256(self) -> str:
        """Hash of the settings and of what is repeated: results of equal hash are equal."""
        settings = self.settings.config_sha256
        if self.first is None:
            return settings
        return hashlib.sha256(f"{settings} {self.first.sha256}".encode()).hexdigest()

    @property
    def config(self) -> dict[str, Any]:
        """The settings as plain data."""
        return asdict(self.settings)
