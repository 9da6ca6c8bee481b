"""`callosal merge`: join the parts of a run into one."""

from pathlib import Path


def merge(
    inputs: list[Path],
    output: Path,
    mappings: list[Path] = [],  # noqa: B006 (read only)
    mapping: Path | None = None,
) -> int:
    """Merge the output folders of several `callosal infer` runs into one.

    For runs that shared the work by --part-id and --num-parts, each with its own output folder.
    Case folders are copied; the folders of the parts are not changed.

    Args:
        inputs: Output folders of `callosal infer`, of one model and the same settings.
        output: Folder to write into; created if it is missing.
        mappings: The files that the parts wrote with --mapping, to be joined.
        mapping: CSV file outside of the output folder, into which these files are joined. It
            records the series of each case and is personal.

    Returns:
        Exit code: 0 all done, 1 nothing was done, 2 some cases failed or were refused, or parts
        are missing.
    """
    from rich.console import Console

    from callosal.models.errors import InputError
    from callosal.pipelines.batch.mapping import check_mapping, join_mappings
    from callosal.pipelines.batch.merge import merge_runs
    from callosal.pipelines.outputs.mapping_file import named_cases
    from callosal.pipelines.outputs.results import read_rows

    if bool(mappings) != (mapping is not None):
        raise InputError(
            "--mappings names the files of the parts, --mapping the file to join them; name both",
            "wrong_usage",
        )
    check_mapping(mapping, output)
    for part in mappings:
        named_cases(part)  # refused before anything is copied
    code = merge_runs(inputs, output, Console(stderr=True))
    join_mappings(mappings, mapping, [str(row["case_id"]) for row in read_rows(output)])
    return code
