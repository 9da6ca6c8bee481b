"""Files that a user tries on the page: planned as `callosal infer` plans them, then discarded.

They are in a private temporary folder while they are read and planned. Their names never reach the
server; the format of a file is recognised from its content.
"""

import json
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from callosal.export.runtime import Segmenter
from callosal.models.errors import InputError
from callosal.pipelines.case.process_case import process_case
from callosal.pipelines.outputs.case_folder import write_outputs
from callosal.pipelines.outputs.file_names import CASES
from callosal.pipelines.reading.cases import Case, find_cases
from callosal.pipelines.review.case_entry import case_entry, pictures_of
from callosal.pipelines.review.case_files import read_case
from callosal.pipelines.review.neighbours import no_neighbours
from callosal.pipelines.review.picture_entry import packed_levels
from callosal.pipelines.review.run_settings import RunSettings
from callosal.pipelines.settings import Settings

MAX_FILES = 5000
_NAME = "trial"


@dataclass(frozen=True, eq=False)
class FileTrial:
    """Plans what is dropped onto the page, one trial at a time.

    Attributes:
        segmenter: Opened model.
        settings: Settings of the run under review.
    """

    segmenter: Segmenter
    settings: RunSettings
    _running: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def plan(self, message: bytes) -> dict[str, Any]:
        """Plan the one case among some files.

        Args:
            message: The files, in the format that `split_files` reads.

        Returns:
            What a read-only page embeds for a case, and how long planning took.

        Raises:
            InputError: The files hold no case or several (`several_cases`), or show nothing to
                look at; the message says why.
            GeometryError: The mask is degenerate.
        """
        with self._running, tempfile.TemporaryDirectory(prefix="callosal-") as folder:
            start = time.perf_counter()
            inputs, output = Path(folder) / "inputs", Path(folder) / "output"
            _write(split_files(message), inputs)
            case = _only_case(inputs)
            planned = process_case(case, case.load(), self.segmenter, _settings(self.settings))
            write_outputs(output / CASES / _NAME, planned)
            tried = read_case(output, _NAME)
            seconds = time.perf_counter() - start
            entry = case_entry(tried, None, self.settings)
            entry["neighbours"] = no_neighbours("A trial shows the midsagittal slice alone.")
            return {
                "entry": entry,
                "pictures": {
                    name: packed_levels(place.pixels) for name, place in pictures_of(tried).items()
                },
                "seconds": round(seconds, 2),
            }


def _settings(run: RunSettings) -> Settings:
    """The settings of the run, without DICOM objects for an archive."""
    return Settings(line=run.line, fusion=run.fusion, plan=run.plan, dicom_objects=())


def split_files(message: bytes) -> list[bytes]:
    """The files of a message.

    Four bytes, little endian, give the length of a JSON object with the key `sizes`, the length of
    each file; then follow the object and the files.

    Raises:
        InputError: The message is cut short or has another format (`bad_request`), or holds more
            than 5000 files (`too_many_files`).
    """
    start = 4 + int.from_bytes(message[:4], "little")
    try:
        sizes = [int(size) for size in json.loads(message[4:start])["sizes"]]
        is_whole = min(sizes) >= 0 and start + sum(sizes) == len(message)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError("the message holds no files", "bad_request") from error
    if not is_whole:
        raise InputError("the message is cut short", "bad_request")
    if len(sizes) > MAX_FILES:
        raise InputError(
            f"{len(sizes)} files at once; a trial takes up to {MAX_FILES}: drop those of one "
            "series, or run `callosal infer`",
            "too_many_files",
        )
    ends = accumulate(sizes, initial=start)
    return [message[begin:end] for begin, end in pairwise(ends)]


def _write(files: Sequence[bytes], folder: Path) -> None:
    folder.mkdir()
    for number, content in enumerate(files):
        (folder / f"{number:04d}").write_bytes(content)


def _only_case(folder: Path) -> Case:
    """The only case of a folder; if there is none, the error says why, without file names."""
    paths = sorted(folder.iterdir())
    try:
        found = find_cases(paths if len(paths) == 1 else [folder])
    except InputError as error:
        raise InputError(
            "nothing to plan on: no file is a DICOM, NIfTI or MGH image", error.code
        ) from error
    if len(found.cases) > 1:
        raise InputError(
            f"the files hold {len(found.cases)} cases; drop those of one series, or run "
            "`callosal infer`",
            "several_cases",
        )
    if not found.cases:
        skip = max(found.skipped, key=lambda skip: skip.is_fault)
        raise InputError(f"nothing to plan on: {skip.message}", skip.code)
    return found.cases[0]
