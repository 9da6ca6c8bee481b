"""report.html: one self-contained file that loads nothing.

Pictures are inside, as WebP of about 4 kB, so that the file can be mailed or archived alone:
2,000 cases take about 13 MB. Pictures and what else is seen only of an open case are in JSON blocks
of 50 cases, all but the first of them behind the script: the table is there while the browser still
reads, and it decodes the blocks of the open page alone.
"""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from callosal.pipelines.outputs.atomic import write_text
from callosal.pipelines.outputs.file_names import REPORT
from callosal.pipelines.pictures.reason_words import page_words
from callosal.pipelines.report.audit_section import audit_section
from callosal.pipelines.report.case_rows import case_details, case_rows
from callosal.pipelines.report.html_parts import filled_page, json_block
from callosal.pipelines.report.run_folder import ReportedCase, RunFolder, read_run
from callosal.pipelines.report.sections import (
    headline,
    made_with,
    stage_table,
    status_bar,
    tiles,
    version_list,
)
from callosal.pipelines.report.summary import stage_timings_ms, status_counts

STYLES = ("style.css", "report.css")
SCRIPTS = (
    "../review/page/stack_words.js",
    "cases.js",
    "histogram.js",
    "table.js",
    "profile.js",
    "case_details.js",
    "detail.js",
    "report.js",
)
CASES_A_BLOCK = 50
"""Cases whose pictures are decoded together: a page of the table when it is opened."""


def write_report(folder: Path) -> Path:
    """Write report.html of a run's folder.

    Args:
        folder: What `callosal infer` wrote.

    Returns:
        The file.

    Raises:
        InputError: The folder holds no run.
        OutputError: The disk is full or read-only.
    """
    path = folder / REPORT
    write_text(path, report_page(read_run(folder)))
    return path


def report_page(run: RunFolder) -> str:
    """The page of a run, as HTML.

    Nothing in a table or a record can become markup or script: text is escaped, data is in JSON
    blocks without `<`, and the policy allows only this page's own script, by its hash.
    """
    first, *others = _detail_blocks(run.cases) or [""]
    counts = status_counts(run.cases)
    return filled_page(
        "report",
        "report.html",
        STYLES,
        SCRIPTS,
        title=escape(f"{len(run.cases):,} cases"),
        made_with=made_with(run.record),
        headline=headline(run.cases),
        status_bar=status_bar(counts),
        tiles=tiles(run.cases),
        audit=audit_section(run.audit),
        timings=stage_table(stage_timings_ms(run.cases)),
        versions=version_list(run.record),
        words=json_block(page_words()),
        cases=json_block({"cases": case_rows(run.cases)}),
        details=first,
        other_details="\n".join(others),
    )


def with_names(page: str, names: Mapping[str, str]) -> str:
    """A report with what a mapping calls each case; to be shown, never to be written.

    Args:
        page: Content of report.html.
        names: Names by case id.
    """
    empty = '<script type="application/json" id="names">{}</script>'
    return page.replace(empty, empty.replace("{}", json_block(names)), 1)


def _detail_blocks(cases: Sequence[ReportedCase]) -> list[str]:
    """What is seen of an open page or case, as a block for so many cases."""
    return [
        '<script type="application/json" class="details">'
        f"{json_block([case_details(case) for case in some])}</script>"
        for some in (cases[at : at + CASES_A_BLOCK] for at in range(0, len(cases), CASES_A_BLOCK))
    ]
