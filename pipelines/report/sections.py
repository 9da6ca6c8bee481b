"""The parts of the page that need no script: headline, tiles, timings, versions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from callosal.pipelines.pictures.reason_words import STATUS_WORDS
from callosal.pipelines.report.case_review import DECISIONS
from callosal.pipelines.report.run_folder import ReportedCase
from callosal.pipelines.report.summary import Distribution, distribution, status_counts

FEWEST_OF_A_RANGE = 5
"""With fewer cases their values are listed instead of their distribution."""


def headline(cases: Sequence[ReportedCase]) -> str:
    """One sentence: how many cases there are, what to look at, what was skipped."""
    counts = status_counts(cases)
    n_joined = counts.get("joined", 0)
    n_cases = len(cases) - counts["skipped"] - n_joined
    sure = f"{_count(counts['ok'])} of {_count(n_cases)} {_plural(n_cases, 'case')}"
    reviewed = [case for case in cases if case.is_reviewed]
    doubtful = [case for case in cases if case.texts["status"] not in ("ok", "skipped")]
    to_look_at = len([case for case in doubtful if not case.is_reviewed])
    if n_joined and not n_cases:
        first = f"{_count(n_joined)} {_plural(n_joined, 'exam')} joined from stations"
    else:
        first = f"{sure} planned with confidence" if n_cases else "No case was planned on"
    told = [
        first,
        _reviewed_words(reviewed) if reviewed else "",
        f"{_count(to_look_at)} to look at" if to_look_at else "",
        f"{_count(counts['skipped'])} skipped" if counts["skipped"] else "",
    ]
    return "; ".join(part for part in told if part) + "."


def _reviewed_words(reviewed: Sequence[ReportedCase]) -> str:
    rejected = sum(case.review is not None and case.review.plan is None for case in reviewed)
    told = f"{_count(len(reviewed))} reviewed"
    return f"{told}, {_count(rejected)} of them rejected" if rejected else told


def status_bar(counts: Mapping[str, int]) -> str:
    """A bar of the shares; the tiles below repeat them in words."""
    total, x, parts = max(sum(counts.values()), 1), 0.0, []
    for status, count in counts.items():
        width = 1000 * count / total
        parts.append(
            f'<rect class="{_class(status)}" x="{x:.2f}" width="{width:.2f}" height="10"/>'
        )
        x += width
    return (
        '<svg class="status-bar" viewBox="0 0 1000 10" preserveAspectRatio="none" '
        f'aria-hidden="true">{"".join(parts)}</svg>'
    )


def tiles(cases: Sequence[ReportedCase]) -> str:
    """A button for each status and one for the reviewed, which filter, and the time of a case."""
    counts, total = status_counts(cases), max(len(cases), 1)
    return "".join(
        [
            *(_status_tile(status, count, total) for status, count in counts.items()),
            _reviewed_tile(cases),
            _time_tile(distribution(case.numbers["seconds"] for case in cases)),
        ]
    )


def stage_table(stages: Mapping[str, Distribution]) -> str:
    """Median and 95th percentile of each stage, with a bar of the median."""
    if not stages:
        return '<p class="muted">No case was planned on.</p>'
    longest = max(max(found.median for found in stages.values()), 1e-9)
    rows = "".join(_stage_row(stage, found, longest) for stage, found in stages.items())
    total = sum(found.median for found in stages.values())
    return (
        '<table class="figures"><thead><tr><th scope="col">stage</th><th scope="col">'
        '<span class="visually-hidden">share</span></th><th scope="col">median</th>'
        f'<th scope="col">95th percentile</th></tr></thead><tbody>{rows}</tbody><tfoot><tr>'
        f'<th scope="row">planning, in all</th><td></td><td>{total:,.0f} ms</td><td></td></tr>'
        "</tfoot></table>"
        '<p class="muted small">Planning alone, once the pixels are there. The time of a case '
        "also counts waiting for its pixels and making its DICOM objects.</p>"
    )


def version_list(record: Mapping[str, Any]) -> str:
    """Model, device, settings and versions of run.json."""
    model, device = _part(record, "model"), _part(record, "device")
    timings = " \N{MIDDLE DOT} ".join(
        f"{name} {value}" for name, value in _part(record, "timings_s").items()
    )
    facts = [
        ("model", model.get("name")),
        ("model sha256", model.get("sha256")),
        ("provider", device.get("provider")),
        ("settings sha256", record.get("config_sha256")),
        ("python", record.get("python")),
        ("machine", record.get("machine")),
        ("seconds", timings),
        *_part(record, "versions").items(),
    ]
    items = "".join(
        f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>"
        for name, value in facts
        if value not in (None, "")
    )
    return f'<dl class="facts">{items}</dl>' if items else '<p class="muted">No run.json.</p>'


def made_with(record: Mapping[str, Any]) -> str:
    """Model and version, for the head of the page."""
    name, version = _part(record, "model").get("name"), _part(record, "versions").get("callosal")
    told = [str(name)] if name else []
    return escape(" \N{MIDDLE DOT} ".join([*told, f"callosal {version}"] if version else told))


def _status_tile(status: str, count: int, total: int) -> str:
    word = STATUS_WORDS.get(status, status)
    return (
        f'<button type="button" class="tile" data-status="{escape(status)}" aria-pressed="false" '
        f'{"" if count else "disabled"}><span class="status {_class(status)}">{escape(word)}</span>'
        f'<span class="value">{_count(count)}</span>'
        f'<span class="muted small">{100 * count / total:.1f} %</span></button>'
    )


def _reviewed_tile(cases: Sequence[ReportedCase]) -> str:
    reviews = [case.review for case in cases if case.review is not None]
    found = Counter(review.decision for review in reviews if not review.is_old)
    told = [f"{found[name]:,} {name}" for name in DECISIONS if found[name]]
    n_old = sum(review.is_old for review in reviews)
    told += [f"{n_old:,} of an earlier plan"] if n_old else []
    return (
        '<button type="button" class="tile" id="reviewed" aria-pressed="false" '
        f'{"" if reviews else "disabled"}><span class="status reviewed">reviewed</span>'
        f'<span class="value">{_count(len(reviews))}</span>'
        f'<span class="muted small">{", ".join(told) or "nobody has looked yet"}</span></button>'
    )


def _time_tile(found: Distribution | None) -> str:
    """The time of a case; without a range if there are only a few cases."""
    if found is None:
        value, note = "\N{EN DASH}", "not measured"
    else:
        value = f"{found.median:,.2f}<small> s</small>"
        note = (
            f"90 % in {found.low:,.2f} to {found.high:,.2f} s"
            if found.n >= FEWEST_OF_A_RANGE
            else "from its pixels to its results"
        )
    name = "time of the case" if found is not None and found.n == 1 else "median time of a case"
    return (
        f'<div class="tile"><span>{name}</span><span class="value">{value}</span>'
        f'<span class="muted small">{note}</span></div>'
    )


def _stage_row(stage: str, found: Distribution, longest: float) -> str:
    return (
        f'<tr><th scope="row">{escape(stage)}</th><td class="bar"><svg viewBox="0 0 100 8" '
        f'preserveAspectRatio="none" aria-hidden="true"><rect width="'
        f'{100 * found.median / longest:.1f}" height="8"/></svg></td>'
        f"<td>{found.median:,.1f} ms</td><td>{found.high:,.1f} ms</td></tr>"
    )


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of run.json; empty if it is missing or of another type."""
    found = record.get(name)
    return found if isinstance(found, dict) else {}


def _class(status: str) -> str:
    return status if status in STATUS_WORDS else "other"


def _count(value: int) -> str:
    return f"{value:,}"


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
