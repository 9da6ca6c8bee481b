"""The part of the page that shows an audit: acquired stacks against the plan of their exam."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from callosal.pipelines.outputs.file_names import AUDIT_TABLE, EXAMS
from callosal.pipelines.report.summary import distribution

Row = Mapping[str, Any]

MOST_DEG = 20.0
"""Right end of the scale of tilts; what is beyond it is drawn there."""

WORST = 20
GROUPINGS = (("protocol", "protocol"), ("station", "station"), ("month", "month"))
SCOUT = "scout"


def audit_section(rows: Sequence[Row]) -> str:
    """Distributions by protocol, station and month, and the stacks that are farthest off.

    Scouts are counted but left out of the distributions: they are not meant to follow a plan.

    Args:
        rows: Rows of audit.jsonl; without any there is no section.
    """
    if not rows:
        return ""
    compared = [row for row in rows if row["status"] == "compared"]
    series = [row for row in compared if row["role"] != SCOUT]
    tables = "".join(_grouping(series, key, name) for key, name in GROUPINGS)
    return (
        '<section class="panel" aria-labelledby="audit-title">'
        '<h2 id="audit-title">Acquired against planned</h2>'
        f"<p>{_headline(rows, compared, series)}</p>{tables}{_worst(series or compared)}"
        f'<p class="muted small">Every stack is a row of <a href="{AUDIT_TABLE}">{AUDIT_TABLE}</a>.'
        "</p></section>"
    )


def _headline(rows: Sequence[Row], compared: Sequence[Row], series: Sequence[Row]) -> str:
    exams = {row["exam_id"] for row in rows}
    planned = {row["exam_id"] for row in compared}
    missing = sum(bool(row["slices_missing"]) for row in series)
    told = [
        f"{len(compared):,} stacks of {len(planned):,} of {len(exams):,} exams compared",
        f"{len(compared) - len(series):,} of them scouts",
    ]
    if series:
        told.append(f"{missing:,} of the other {len(series):,} leave out a part of the brain")
    return "; ".join(told) + "."


def _grouping(rows: Iterable[Row], key: str, name: str) -> str:
    """A table with a row for each value of a column and planned orientation."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row[key]:
            groups.setdefault((str(row[key]), str(row["planned"])), []).append(row)
    if not groups:
        return ""
    body = "".join(_group_row(*label, members) for label, members in sorted(groups.items()))
    return (
        f'<table class="figures audit"><thead><tr><th scope="col">{name}</th>'
        '<th scope="col">planned</th><th scope="col">stacks</th>'
        f'<th scope="col">tilt, 0 to {MOST_DEG:.0f}\N{DEGREE SIGN}</th>'
        '<th scope="col">median</th><th scope="col">95th percentile</th>'
        '<th scope="col">offset, median</th><th scope="col">slices missing</th></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _group_row(label: str, planned: str, rows: Sequence[Row]) -> str:
    tilt = distribution(row["angle_deg"] for row in rows)
    offset = distribution(abs(row["offset_across_mm"]) for row in rows)
    if tilt is None or offset is None:
        return ""
    missing = sum(bool(row["slices_missing"]) for row in rows)
    return (
        f'<tr><th scope="row">{escape(label)}</th><td>{escape(planned)}</td><td>{len(rows):,}</td>'
        f'<td class="dots">{_dots(rows)}</td><td>{tilt.median:.1f}\N{DEGREE SIGN}</td>'
        f"<td>{tilt.high:.1f}\N{DEGREE SIGN}</td><td>{offset.median:.1f} mm</td>"
        f"<td>{missing:,} of {len(rows):,}</td></tr>"
    )


def _dots(rows: Iterable[Row]) -> str:
    """A dot for each stack at its tilt."""
    places = (100 * min(float(row["angle_deg"]), MOST_DEG) / MOST_DEG for row in rows)
    dots = "".join(f'<circle cx="{3 + 0.94 * x:.1f}" cy="5" r="2"/>' for x in places)
    return f'<svg viewBox="0 0 100 10" aria-hidden="true">{dots}</svg>'


def _worst(rows: Sequence[Row]) -> str:
    """The stacks with the largest tilt, with the picture of their exam."""
    ordered = sorted(rows, key=lambda row: -float(row["angle_deg"]))[:WORST]
    if not ordered:
        return ""
    body = "".join(
        f'<tr><th scope="row"><a href="{EXAMS}/{escape(str(row["exam_id"]))}.png">'
        f"{escape(str(row['exam_id']))}</a></th><td>{escape(str(row['series_number']))}</td>"
        f"<td>{escape(str(row['planned']))}</td><td>{row['angle_deg']:.1f}\N{DEGREE SIGN}</td>"
        f"<td>{row['in_plane_deg']:.1f}\N{DEGREE SIGN}</td>"
        f"<td>{row['offset_across_mm']:.1f} mm</td><td>{row['slices_missing']}</td>"
        f"<td>{escape(str(row['vendor_alignment'] or ''))}</td></tr>"
        for row in ordered
    )
    return (
        '<table class="figures audit"><thead><tr><th scope="col">largest tilts</th>'
        '<th scope="col">series</th><th scope="col">planned</th><th scope="col">tilt</th>'
        '<th scope="col">in plane</th><th scope="col">offset</th>'
        '<th scope="col">slices missing</th><th scope="col">vendor\'s alignment</th></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
