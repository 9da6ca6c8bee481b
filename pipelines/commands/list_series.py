"""`callosal list-series`: every stack among the inputs, and why each was kept or skipped."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from callosal.pipelines.reading.cases import Case, CaseIndex
    from callosal.pipelines.reading.series_listing import Words
    from callosal.pipelines.reading.skips import Skip


def list_series(
    input: Path,
    json: bool = False,
    fuse: Literal["scout", "exam"] = "scout",
    include: list[str] = [],  # noqa: B006 (never changed)
    exclude: list[str] = [],  # noqa: B006
    run: Path | None = None,
    names: bool = False,
) -> int:
    """List every stack of images in an input, and show why each was kept or skipped.

    Args:
        input: Folder of DICOM or NIfTI files of any nesting, or one file.
        json: Print JSON instead of a table.
        fuse: What becomes one localizer, as for `callosal infer`.
        include: Patterns such as '*_T1w.nii.gz'; only files that match one are looked at.
        exclude: Patterns of files that are left out.
        run: Output folder of `callosal infer` on this input, to show the case id of each series.
        names: Also show description and protocol of each series. They are free text of the archive
            and may be personal.

    Returns:
        Exit code: 0 nothing is broken, 1 nothing can be used, 2 some images can be used, but
        something else is broken.

    Raises:
        InputError: If the input holds no image at all, or `--run` names no run (`no_run`).
    """
    from rich.console import Console

    from callosal.pipelines.outputs.exit_code import exit_code
    from callosal.pipelines.reading.cases import find_cases
    from callosal.pipelines.reading.file_patterns import FilePatterns
    from callosal.pipelines.reading.series_listing import listing_json, listing_table

    index = find_cases([input], fuse, FilePatterns(tuple(include), tuple(exclude)))
    words = _words({} if run is None else _case_names(index, run), names)
    if json:
        print(listing_json(index, words))
    else:
        console = Console()
        console.print(listing_table(index, words))
        console.print(f"{len(index.cases)} kept, {len(index.skipped)} skipped")
    n_faults = sum(skip.is_fault for skip in index.skipped)
    n_cases = len(index.cases)
    return exit_code(n_cases, n_cases, n_faults, nothing_usable=not n_cases)


def _case_names(index: "CaseIndex", run: Path) -> dict[str, str]:
    """Names of the cases in a run, by their secret identity."""
    from callosal.pipelines.batch.case_names import case_names
    from callosal.pipelines.outputs.case_id import known_salt
    from callosal.pipelines.outputs.run_json import names_of_run

    return case_names(index, known_salt(run), names_of_run(run))


def _words(case_ids: Mapping[str, str], names: bool) -> "Words":
    """Case id and free text of the archive, as far as they were requested."""
    from dataclasses import asdict

    from callosal.pipelines.reading.cases import Case
    from callosal.pipelines.reading.series_words import series_words

    def words(row: "Case | Skip") -> dict[str, str]:
        key = row.uid_key if isinstance(row, Case) else row.key
        told = {"case_id": case_ids[key]} if case_ids else {}
        if names and isinstance(row, Case):
            known = asdict(series_words(row.content))
            told |= {name: known[name] for name in ("description", "protocol")}
        return told

    return words
