"""Archives for the benchmarks of the driver: small phantom series under new UIDs."""

import shutil
from pathlib import Path

from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head

N_HEADS = 5


def make_archive(folder: Path, n_series: int) -> Path:
    """A tree of `n_series` series of 44 slices of 64x64 pixels, 3.6 mm, of five phantom heads.

    Args:
        folder: Made anew.
        n_series: How many; each lies in a folder of its own.
    """
    shutil.rmtree(folder, ignore_errors=True)
    heads = [phantom_head(seed, (44, 64, 64), (3.6, 3.75, 3.75)) for seed in range(N_HEADS)]
    for number in range(n_series):
        write_mr_series(
            heads[number % N_HEADS].volume,
            folder / f"series-{number:04d}",
            description="phantom",
            seed=number,
            patient_name="phantom",
        )
    return folder
