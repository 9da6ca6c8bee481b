"""report.html: one self-contained file that loads nothing.

Pictures are inside, as WebP of about 4 kB, so that the file can be mailed or archived alone:
2,000 cases take about 12 MB. They are text in a JSON block that the browser does not
decode; the script makes picture elements for the rows of the open page only.
"""

import base64
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from callosal.pipelines.outputs.atomic import write_text
from callosal.pipelines.outputs.file_names import REPORT
from callosal.pipelines.pictures.reason_words import page_words
from callosal.pipelines.report.audit_section import audit_section
from callosal.pipelines.report.html_parts import json_block, page_policy
from callosal.pipelines.report.outliers import far_from_median
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
    "detail.js",
    "report.js",
)
MARKED = ("final_angle_deg", "area_mm2", "confidence")
"""Measures whose distributions are drawn and whose outliers are marked."""


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
    style, script = _joined(STYLES), _joined(SCRIPTS)
    counts = status_counts(run.cases)
    return Template(_resource("report.html")).substitute(
        policy=page_policy(style, script),
        title=escape(f"{len(run.cases):,} cases"),
        style=style,
        made_with=made_with(run.record),
        headline=headline(run.cases),
        status_bar=status_bar(counts),
        tiles=tiles(run.cases),
        audit=audit_section(run.audit),
        timings=stage_table(stage_timings_ms(run.cases)),
        versions=version_list(run.record),
        words=json_block(page_words()),
        cases=json_block({"cases": case_rows(run.cases)}),
        pictures=json_block(_pictures(run.cases)),
        script=script,
    )


def with_names(page: str, names: Mapping[str, str]) -> str:
    """A report with what a mapping calls each case; to be shown, never to be written.

    Args:
        page: Content of report.html.
        names: Names by case id.
    """
    empty = '<script type="application/json" id="names">{}</script>'
    return page.replace(empty, empty.replace("{}", json_block(names)), 1)


def case_rows(cases: Iterable[ReportedCase]) -> list[dict[str, Any]]:
    """What the script shows of each case, with the measures in which it is an outlier."""
    listed = list(cases)
    marks = {name: far_from_median([_compared(case, name) for case in listed]) for name in MARKED}
    return [
        {
            **case.texts,
            **case.numbers,
            "reasons": [code for code in case.texts["reasons"].split(";") if code],
            "outliers": [name for name in MARKED if marks[name][index]],
            "cause": case.cause,
            "stacks": case.facts.stacks,
            "profile_mm": case.facts.profile_mm,
            "rests_on": case.facts.rests_on,
            "repeats": case.facts.repeats,
            "protocol": case.facts.protocol,
            "no_bars": case.facts.no_bars,
            "files": case.files,
            "review": _review(case),
            "sending": case.sending,
        }
        for index, case in enumerate(listed)
    ]


def _review(case: ReportedCase) -> dict[str, Any] | None:
    """Reviewer, decision and time, with the automatic result."""
    review = case.review
    if review is None:
        return None
    return {
        "decision": review.decision,
        "reviewer": review.reviewer,
        "comment": review.comment,
        "reviewed_at": review.reviewed_at,
        "is_old": review.is_old,
        "automatic_angle_deg": case.automatic.numbers["final_angle_deg"],
        "automatic_transverse": case.automatic.texts["transverse"],
    }


def _compared(case: ReportedCase, name: str) -> float | None:
    """The value to compare with the others.

    Confidence has two clusters. The lower one is already marked by its status, so only the `ok`
    cases are compared with each other.
    """
    left_out = name == "confidence" and case.texts["status"] != "ok"
    return None if left_out else case.numbers[name]


def _pictures(cases: Iterable[ReportedCase]) -> dict[str, str]:
    return {
        case.case_id: base64.b64encode(case.picture).decode("ascii")
        for case in cases
        if case.picture is not None
    }


def _joined(names: Iterable[str]) -> str:
    return "\n".join(_resource(name) for name in names)


def _resource(name: str) -> str:
    return files("callosal.pipelines.report").joinpath(name).read_text(encoding="utf-8")
