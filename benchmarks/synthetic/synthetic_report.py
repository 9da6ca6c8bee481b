"""Table and plot of the finished arms."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from synthetic_results import read_results

COLORS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9")

Row = dict[str, Any]


def write_report(results: Path, output: Path, splits: Sequence[str]) -> None:
    """Write table, plot and figures of each view, on the last of the held-out splits.

    Args:
        results: File of finished arms.
        output: Folder to write into.
        splits: Held-out splits; the last gives the final figures.
    """
    # An arm that was run again, with another budget or other pairs, counts as it was last.
    newest = {(row["view"], row["name"], row["seed"]): row for row in read_results(results)}
    rows = list(newest.values())
    output.mkdir(parents=True, exist_ok=True)
    for view in sorted({row["view"] for row in rows}):
        of_view = [row for row in rows if row["view"] == view]
        figures = summarise_arms(of_view, splits[-1])
        (output / f"{view}.md").write_text(table(figures, splits[-1]), encoding="utf-8")
        (output / f"{view}.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
        plot(figures, view, splits[-1]).savefig(output / f"{view}.png", dpi=110)
        print(table(figures, splits[-1]))


def summarise_arms(rows: Sequence[Row], split: str) -> list[Row]:
    """One row an arm: Dice over subjects and seeds, and against the real slices of its count.

    The difference is paired by subject, each subject's Dice averaged over the seeds; its interval
    is a bootstrap over subjects, 2,000 resamples, fixed seed.
    """
    by_arm: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_arm[row["name"]].append(row)
    summary = []
    for name in sorted(by_arm, key=lambda one: _order(by_arm[one][0])):
        group = by_arm[name]
        scores = _by_subject(group, split)
        means = [np.mean(list(row["dice"][split].values())) for row in group]
        figures = {
            "name": name,
            "real_slices": group[0]["count"] if group[0]["real"] else "none",
            "behind": group[0]["count"],
            "source": group[0]["source"],
            "seeds": len(group),
            "subjects": len(scores),
            "dice": round(float(scores.mean()), 4),
            "seed_min": round(float(min(means)), 4),
            "seed_max": round(float(max(means)), 4),
            "below_0_90": round(float((scores < 0.9).mean()), 4),
            "worst": round(float(scores.min()), 4),
            "processor_seconds": round(float(np.mean([r["processor_seconds"] for r in group])), 1),
        }
        for against in (f"real-{group[0]['count']}", "real-all"):
            if against in by_arm and against != name:
                rival = _by_subject(by_arm[against], split)
                figures[f"minus_{against}"] = difference(scores, rival)
                figures[f"over_{against}"] = round(float(scores.mean() / rival.mean()), 4)
        summary.append(figures)
    return summary


def _order(row: Row) -> tuple[float, str, bool]:
    return (np.inf if row["count"] == "all" else float(row["count"]), row["source"], row["real"])


def _by_subject(group: Sequence[Row], split: str) -> NDArray[np.float64]:
    """Dice of each subject, the mean over seeds."""
    names = sorted(group[0]["dice"][split])
    return np.array([[row["dice"][split][name] for name in names] for row in group]).mean(axis=0)


def difference(scores: NDArray[np.float64], rival: NDArray[np.float64]) -> list[float]:
    """Mean difference and its 95 % interval, in points of Dice (hundredths)."""
    gap = 100 * (scores - rival)
    draws = np.random.default_rng(0).choice(gap, (2000, len(gap))).mean(axis=1)
    return [round(float(value), 2) for value in (gap.mean(), *np.percentile(draws, [2.5, 97.5]))]


def table(figures: Sequence[Row], split: str) -> str:
    """The arms as a Markdown table."""
    lines = [
        f"| trained on | seeds | Dice on {split} (seeds from, to) | below 0.90 | worst | "
        "minus real of its count, points (95 %) | over real-all |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in figures:
        gap = row.get(f"minus_real-{row['behind']}")
        lines.append(
            f"| {row['name']} | {row['seeds']} | {row['dice']:.4f} ({row['seed_min']:.4f}, "
            f"{row['seed_max']:.4f}) | {100 * row['below_0_90']:.1f} % | {row['worst']:.3f} | "
            + (f"{gap[0]:+.2f} ({gap[1]:+.2f} to {gap[2]:+.2f})" if gap else "")
            + (f" | {row['over_real-all']:.3f} |" if "over_real-all" in row else " | |")
        )
    return "\n".join(lines) + "\n"


def plot(figures: Sequence[Row], view: str, split: str) -> Figure:
    """Dice of every arm, a line from its worst to its best seed."""
    figure = Figure(figsize=(8, 1.2 + 0.28 * len(figures)), layout="constrained")
    axes = figure.subplots()
    sources = sorted({row["source"] for row in figures})
    for place, row in enumerate(reversed(figures)):
        color = COLORS[sources.index(row["source"]) % len(COLORS)]
        filled = color if row["real_slices"] != "none" else "white"
        axes.plot([row["seed_min"], row["seed_max"]], [place, place], color=color, lw=2)
        axes.plot(row["dice"], place, "o", color=color, mfc=filled)
    axes.set_yticks(range(len(figures)), [row["name"] for row in reversed(figures)])
    axes.set_xlabel(f"Dice on the {split} sites (open: no real slice was trained on)")
    axes.set_title(f"Small segmenter, {view}")
    axes.grid(axis="x", alpha=0.3)
    return figure
