"""Studies of an archive fetched into a folder: only the series that can be planned on."""

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from callosal.models.errors import InputError, OutputError
from callosal.pipelines.archive.faults import Refused, Unreachable
from callosal.pipelines.archive.header_files import kept_series
from callosal.pipelines.archive.source import ArchivedSeries, Source, SourceLink
from callosal.pipelines.archive.study_query import StudyQuery
from callosal.pipelines.outputs.atomic import write_bytes
from callosal.pipelines.outputs.exit_code import NOTHING_DONE, exit_code

_MODALITY = "MR"

Tell = Callable[[str], None]


@dataclass
class _Counts:
    """What came of one call."""

    kept: int = 0
    left: int = 0
    images: int = 0
    faults: int = 0


def fetch_studies(
    source: Source, queries: Sequence[StudyQuery], output: Path, most_studies: int, tell: Tell
) -> int:
    """Fetch what matches and can be planned on; what is there already is not fetched again.

    Args:
        source: The archive.
        queries: Which studies.
        output: Receives a folder for each study and series; names are hashes, never tags.
        most_studies: With more matches nothing is fetched.
        tell: Called with lines that hold no patient data.

    Returns:
        Exit code: 0 all that was to be fetched is there, 1 none of it, 2 some of it.

    Raises:
        InputError: `too_many_studies`.
        OutputError: The folder cannot be written.
    """
    counts = _Counts()
    try:
        with source.connect() as link:
            studies = list(dict.fromkeys(uid for query in queries for uid in link.studies(query)))
            if len(studies) > most_studies:
                raise InputError(
                    f"{len(studies)} studies match and --most-studies is {most_studies}; narrow "
                    "the query or raise it",
                    "too_many_studies",
                )
            if not studies:
                tell(f"{source}: no study matches")
                return NOTHING_DONE
            for uid in studies:
                _fetch_study(link, uid, output, counts, tell)
    except (Refused, Unreachable) as error:
        tell(f"{source}: {error}")
        counts.faults += 1
    tell(
        f"{counts.kept} series fetched or there already ({counts.images} new images), "
        f"{counts.left} left at the archive, {counts.faults} faults; see {output}"
    )
    return exit_code(counts.kept, counts.kept, counts.faults, nothing_usable=not counts.kept)


def _fetch_study(
    link: SourceLink, study_uid: str, output: Path, counts: _Counts, tell: Tell
) -> None:
    folder = output / f"study-{_hashed(study_uid)}"
    everything = link.series(study_uid)
    resonance = [one for one in everything if one.modality == _MODALITY]
    headers = {one.uid: (one, link.headers(one)) for one in resonance}
    with tempfile.TemporaryDirectory(prefix="callosal-") as empty:
        wanted, skips = kept_series(
            {uid: images for uid, (_, images) in headers.items()}, Path(empty)
        )
    tell(f"{folder.name}: {len(everything)} series, {len(resonance)} of MR, {len(wanted)} wanted")
    for skip in skips:
        tell(f"  left: {skip.n_files} files: {skip.code}: {skip.message}")
    counts.left += len(everything) - len(wanted)
    for uid, (one, images) in headers.items():
        if uid in wanted:
            try:
                counts.images += _fetch_series(link, one, images, folder / f"series-{_hashed(uid)}")
                counts.kept += 1
            except Refused as error:
                counts.faults += 1
                tell(f"  series-{_hashed(uid)}: {error}")


def _fetch_series(
    link: SourceLink, series: ArchivedSeries, headers: Sequence[Dataset], folder: Path
) -> int:
    """Fetch the images that are not there; returns how many came.

    Raises:
        Refused: Some did not come.
    """
    places = {
        uid: folder / f"image-{_hashed(uid)}.dcm"
        for uid in (str(header.get("SOPInstanceUID", "")) for header in headers)
    }
    absent = [uid for uid, path in places.items() if not path.is_file()]
    if not absent:
        return 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder.name}: cannot be made ({error.strerror}); choose another --output",
            "output_failed",
        ) from error
    link.retrieve(series, absent, lambda uid, content: write_bytes(places[uid], content))
    missing = sum(not path.is_file() for path in places.values())
    if missing:
        raise Refused(f"{missing} of {len(places)} images did not come; fetch again")
    return len(absent)


def _hashed(uid: str) -> str:
    return hashlib.sha256(uid.encode()).hexdigest()[:16]
