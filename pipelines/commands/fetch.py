"""`callosal fetch`: fetch series from an archive into a folder."""

from pathlib import Path

from callosal.pipelines.archive.tls import Tls


def fetch(
    output: Path,
    from_: str | None = None,
    qido: str | None = None,
    study: str | None = None,
    query: Path | None = None,
    fetch_as: str = "CALLOSAL",
    qido_login: Path | None = None,
    fetch_tls: Tls = Tls(),  # noqa: B008 (frozen)
    most_studies: int = 100,
) -> int:
    """Fetch from an archive the series that can be planned on.

    Asks for the headers of all MR series of a study first, judges them as `list-series` does, and
    only then fetches the pixels of those that are kept. After an interruption, the same call
    continues where it stopped. Folders and files are named by hashes; the images themselves contain
    the name of the patient.

    Args:
        output: Folder to fetch into; created if it is missing.
        from_: Archive that answers C-FIND and C-GET, as AE@HOST:PORT.
        qido: DICOMweb root of an archive that answers QIDO-RS and WADO-RS, such as
            https://archive.example/dicom-web.
        study: Study Instance UID of the study to fetch.
        query: YAML file with the keys that the studies to fetch must match, such as 'StudyDate:
            20240101-20240131'; a list of such mappings makes one query for each.
        fetch_as: AE title that callosal uses.
        qido_login: File with the login of --qido, readable by you alone: one line, 'Bearer TOKEN'
            or 'Basic USER:PASSWORD'; by default the variable CALLOSAL_QIDO_LOGIN, if it is set.
        fetch_tls: Certificates; with any, --from is encrypted too.
        most_studies: Largest number of studies that may match; if more do, nothing is fetched.

    Returns:
        Exit code: 0 everything was fetched or is already there, 1 nothing was, 2 only a part.
    """
    from rich.console import Console

    from callosal.models.errors import InputError
    from callosal.pipelines.archive.sources import open_source
    from callosal.pipelines.archive.study_query import of_study, read_queries

    if (study is None) == (query is None):
        raise InputError("--study UID or --query FILE: name one of them", "wrong_usage")
    if most_studies < 1:
        raise InputError(f"--most-studies {most_studies}: must be 1 or more", "wrong_usage")
    queries = [of_study(study)] if study is not None else read_queries(query or Path())
    archive = open_source(from_, fetch_as, qido, qido_login, fetch_tls)
    # What reads images is loaded only for a call that can work.
    from callosal.pipelines.archive.fetch_studies import fetch_studies

    console = Console()

    def tell(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True, highlight=False)

    return fetch_studies(archive, queries, output, most_studies, tell)
