"""`callosal collect`: reviewed cases as a folder to train on."""

from pathlib import Path


def collect(
    inputs: list[Path],
    output: Path,
    subjects: Path | None = None,
    one_case_each: bool = False,
    site: str = "collected",
    val_share: float = 0.2,
) -> int:
    """Collect the reviewed cases of runs as labelled slices that `callosal fit` reads.

    Takes a case if its plan was accepted, or its mask corrected, in `callosal review`. Writes the
    midsagittal slice and the mask of each as a pair, likewise slices beside it whose masks were
    corrected, participants.tsv with the splits, and manifest.json. Each person is in one split
    alone. The slices are pictures of patients.

    Args:
        inputs: Output folders of `callosal infer`, reviewed.
        output: Folder to write into; it must not hold a data set.
        subjects: Table with the columns case_id and subject, and maybe site and split, separated by
            tabs. By default the patient id of a DICOM case, or the name of a BIDS case, says who it
            is; neither is written.
        one_case_each: Say that each case whose person is not known shows another person.
        site: Site of all cases, for participants.tsv.
        val_share: Share of the persons that validation gets, at least one.

    Returns:
        Exit code: 0 all done, 1 nothing was collected, 2 some reviewed cases were left out.
    """
    from rich.console import Console

    from callosal.models.errors import InputError

    if not 0 < val_share < 1:
        raise InputError(f"--val-share {val_share}: must lie between 0 and 1", "wrong_usage")
    # The help of this command has to come at once: what reads cases is loaded here.
    from callosal.pipelines.collection.collect import collect_cases
    from callosal.pipelines.collection.subjects import NO_TABLE, read_subjects

    table = NO_TABLE if subjects is None else read_subjects(subjects)
    console = Console()

    def tell(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True, highlight=False)

    return collect_cases(inputs, output, table, one_case_each, site, val_share, tell)
