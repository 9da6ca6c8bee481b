"""Curves of a training run, drawn from the metrics that it writes."""

import csv
from collections.abc import Mapping
from pathlib import Path

import pytorch_lightning as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.trainer.states import TrainerFn

from callosal.models.errors import InputError

Curve = list[tuple[int, float]]
PICTURE = "curves.png"
COLORS = {"train": "#0072b2", "val": "#d55e00"}
"""Okabe and Ito (2008); validation is also drawn with dots."""

_NOT_MEASURES = ("epoch", "step")
_PANEL_INCHES = (4.4, 3.0)


class TrainingCurves(pl.Callback):
    """Draws `curves.png` beside metrics.csv after each validation and at the end.

    It needs a CSVLogger.
    """

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw what was logged until now."""
        if trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking:
            _draw(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the whole run."""
        _draw(trainer)


def _draw(trainer: pl.Trainer) -> None:
    if not trainer.is_global_zero:
        return
    for logger in trainer.loggers:
        if isinstance(logger, CSVLogger):
            logger.save()
            metrics = Path(logger.log_dir) / "metrics.csv"
            if metrics.is_file() and not _is_newer(metrics.with_name(PICTURE), metrics):
                draw_curves(metrics, metrics.with_name(PICTURE))


def _is_newer(picture: Path, metrics: Path) -> bool:
    """Whether nothing was logged since the picture was drawn, as at the end after a validation."""
    return picture.is_file() and picture.stat().st_mtime_ns > metrics.stat().st_mtime_ns


def draw_curves(metrics: Path, picture: Path) -> None:
    """Draw every measure of a metrics.csv against the step, one panel a measure.

    Measures of the same name after the slash, such as train/loss and val/loss, share a panel.

    Args:
        metrics: Table with the columns `step` and any measures, as CSVLogger writes it.
        picture: PNG to write.

    Raises:
        InputError: The table holds no measure.
    """
    panels = read_curves(metrics)
    if not panels:
        raise InputError(f"{metrics.name}: holds no measure to draw", "empty_input")
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    size = (_PANEL_INCHES[0] * columns, _PANEL_INCHES[1] * rows)
    figure = Figure(figsize=size, layout="constrained")
    for number, (name, curves) in enumerate(panels.items(), start=1):
        _draw_panel(figure.add_subplot(rows, columns, number), name, curves)
    figure.savefig(picture, dpi=110)


def read_curves(metrics: Path) -> dict[str, dict[str, Curve]]:
    """Points (step, value) by measure and stage.

    Args:
        metrics: Table as of CSVLogger; an empty cell is a step at which nothing was logged.
    """
    panels: dict[str, dict[str, Curve]] = {}
    with metrics.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            for column, text in row.items():
                if text and column not in _NOT_MEASURES:
                    stage, _, name = column.rpartition("/")
                    curves = panels.setdefault(name, {})
                    curves.setdefault(stage or "train", []).append((int(row["step"]), float(text)))
    return panels


def _draw_panel(axes: Axes, name: str, curves: Mapping[str, Curve]) -> None:
    for stage, curve in sorted(curves.items()):
        steps, values = zip(*sorted(curve), strict=True)
        marker = "o" if stage == "val" else None
        axes.plot(steps, values, label=stage, color=COLORS.get(stage), marker=marker, ms=4, lw=1.4)
    every = [value for curve in curves.values() for _, value in curve]
    if name.endswith("loss") and min(every) > 0 and max(every) > 10 * min(every):
        axes.set_yscale("log")
    axes.set_title(name.replace("_", " "), loc="left", fontsize=10, fontweight="bold")
    axes.set_xlabel("step", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if len(curves) > 1:
        axes.legend(frameon=False, fontsize=8)
