"""Where a run writes its figures: a table, and TensorBoard files, under its folder."""

from pathlib import Path

from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger

USUAL = Path("runs")
"""Folder of runs whose config names none."""


def run_loggers(folder: Path) -> list[Logger]:
    """The loggers of a run whose config names none.

    Args:
        folder: The run's `default_root_dir`; it gets `version_<n>/metrics.csv` and
            `tensorboard/version_<n>/`.
    """
    return [
        # A run that is killed has every row that it has logged.
        CSVLogger(folder, name="", flush_logs_every_n_steps=1),
        TensorBoardLogger(folder, name="tensorboard"),
    ]
