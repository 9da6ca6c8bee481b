"""`callosal list-series`: every stack among the inputs, and why each was kept or skipped."""

from pathlib import Path
from typing import Literal


def list_series(
    input: Path,
    json: bool = False,
    fuse: Literal["scout", "exam"] = "scout",
    include: list[str] = [],  # noqa: B006 (never changed)
    exclude: list[str] = [],  # noqa: B006
) -> int:
    """List every stack of images that an input holds, and why each was kept or skipped.

    Args:
        input: Folder of DICOM or NIfTI files of any nesting, or one file.
        json: Print JSON instead of a table.
        fuse: As of `callosal infer`: what becomes one localizer.
        include: Patterns such as '*_T1w.nii.gz'; only files that match one are looked at.
        exclude: Patterns of files that are left out.

    Returns:
        Exit code: 0 where all that can be used is sound, 1 where nothing can be used, 2 where
        something is broken beside what can be used.

    Raises:
        InputError: Where the input holds no image at all.
    """
    from rich.console import Console

    from callosal.pipelines.outputs.exit_code import exit_code
    from callosal.pipelines.reading.cases import find_cases
    from callosal.pipelines.reading.file_patterns import FilePatterns
    from callosal.pipelines.reading.series_listing import listing_json, listing_table

    index = find_cases([input], fuse, FilePatterns(tuple(include), tuple(exclude)))
    if json:
        print(listing_json(index))
    else:
        console = Console()
        console.print(listing_table(index))
        console.print(f"{len(index.cases)} kept, {len(index.skipped)} skipped")
    n_faults = sum(skip.is_fault for skip in index.skipped)
    n_cases = len(index.cases)
    return exit_code(n_cases, n_cases, n_faults, nothing_usable=not n_cases)
