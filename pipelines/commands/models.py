"""`callosal models`: list the shipped models."""

import json as json_format
from dataclasses import asdict

from rich import box
from rich.console import Console
from rich.table import Table

from callosal.export.shipped import DEFAULT, shipped_models


def models(json: bool = False) -> int:
    """List the shipped models: accuracy on unseen sites, and how eight-bit versions compare.

    Args:
        json: Print JSON instead of a table.

    Returns:
        Exit code 0.
    """
    shipped = shipped_models()
    if json:
        rows = [
            {**asdict(model), "path": str(model.path), "default": model.name == DEFAULT}
            for model in shipped
        ]
        print(json_format.dumps(rows, indent=1))
        return 0
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        pad_edge=False,
        caption=f"{DEFAULT} is the default; Dice and angle on test, to float on val",
    )
    # Names are typed elsewhere: nothing is cut, and 80 columns hold it.
    headings = ("name", "MB", "Dice", "angle\ndeg", "Dice\nto float", "time\nto float", "sha256")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    for model in shipped:
        overall = model.metrics.get("test", {}).get("overall", {})
        table.add_row(
            model.name,
            f"{model.size_bytes / 1e6:.1f}",
            _mean(overall, "dice"),
            _mean(overall, "angle_error_deg"),
            *_cost(model.reduction),
            model.sha256[:12],
        )
    Console().print(table)
    return 0


def _mean(figures: dict[str, dict[str, float]], name: str) -> str:
    return f"{figures[name]['mean']:.3f}" if name in figures else "-"


def _cost(reduction: dict[str, float]) -> tuple[str, str]:
    """Change of Dice on the validation slices and share of the time; blank for float models."""
    if not reduction:
        return "", ""
    change = reduction["dice"] - reduction["dice_float"]
    return f"{change:+.4f}", f"{reduction['time_ratio']:.2f}"
