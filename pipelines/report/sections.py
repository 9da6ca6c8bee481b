"""The parts of the page that need no script: headline, tiles, timings, versions."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from callosal.pipelines.report.run_folder import ReportedCase
from callosal.pipelines.report.summary import STATUSES, Spread, spread

WORDS = {
    "ok": "ok",
    "low_confidence": "low confidence",
    "no_callosum": "no callosum",
    "failed": "failed",
    "skipped": "skipped",
}


def headline(counts: Mapping[str, int]) -> str:
    """One sentence: how many cases there are, what to look at, what was left aside."""
    n_cases = sum(count for status, count in counts.items() if status != "skipped")
    sure = f"{_count(counts['ok'])} of {_count(n_cases)} {_plural(n_cases, 'case')}"
    to_look_at = n_cases - counts["ok"]
    told = [
        f"{sure} planned with confidence" if n_cases else "No case was planned on",
        f"{_count(to_look_at)} to look at" if to_look_at else "",
        f"{_count(counts['skipped'])} skipped" if counts["skipped"] else "",
    ]
    return "; ".join(part for part in told if part) + "."


def status_bar(counts: Mapping[str, int]) -> str:
    """A bar of the shares; the tiles below say the same in words."""
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


def tiles(counts: Mapping[str, int], cases: Sequence[ReportedCase]) -> str:
    """A button for each status, which filters the table, and the time of a case."""
    total = max(sum(counts.values()), 1)
    return "".join(
        [
            *(_status_tile(status, count, total) for status, count in counts.items()),
            _figure_tile(
                "median time a case", spread(case.numbers["seconds"] for case in cases), " s", 2
            ),
        ]
    )


def stage_table(stages: Mapping[str, Spread]) -> str:
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
        f'<th scope="row">all</th><td></td><td>{total:,.0f} ms</td><td></td></tr></tfoot></table>'
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
    word = WORDS.get(status, status)
    return (
        f'<button type="button" class="tile" data-status="{escape(status)}" aria-pressed="false" '
        f'{"" if count else "disabled"}><span class="status {_class(status)}">{escape(word)}</span>'
        f'<span class="value">{_count(count)}</span>'
        f'<span class="muted small">{100 * count / total:.1f} %</span></button>'
    )


def _figure_tile(name: str, found: Spread | None, unit: str, digits: int) -> str:
    if found is None:
        value, note = "\N{EN DASH}", "not measured"
    else:
        value = f"{_signed(found.median, digits)}<small>{unit}</small>"
        note = f"90 % in {_signed(found.low, digits)} to {_signed(found.high, digits)}{unit}"
    return (
        f'<div class="tile"><span>{name}</span><span class="value">{value}</span>'
        f'<span class="muted small">{note}</span></div>'
    )


def _stage_row(stage: str, found: Spread, longest: float) -> str:
    return (
        f'<tr><th scope="row">{escape(stage)}</th><td class="bar"><svg viewBox="0 0 100 8" '
        f'preserveAspectRatio="none" aria-hidden="true"><rect width="'
        f'{100 * found.median / longest:.1f}" height="8"/></svg></td>'
        f"<td>{found.median:,.1f} ms</td><td>{found.high:,.1f} ms</td></tr>"
    )


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of run.json, empty where it is missing or of another kind."""
    found = record.get(name)
    return found if isinstance(found, dict) else {}


def _class(status: str) -> str:
    return status if status in STATUSES else "other"


def _signed(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _count(value: int) -> str:
    return f"{value:,}"


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
