"""A folder of DICOM files into one volume in patient space, by us and by others."""

import importlib.util
import subprocess
import sysconfig
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from callosal.pipelines.reading.cases import find_cases
from callosal.pipelines.speed.contest import Contest, Contestant, hold, missing, timed


def reading_contest(series: Path, rounds: int, limit_s: float | None = None) -> Contest:
    """Each reads the series from the file cache to an array with its geometry.

    callosal also sorts out what else lies in the folder; the others are pointed at the series.

    Args:
        series: Folder of one series.
        rounds: Runs of each.
        limit_s: The least time for the bytes of the series.
    """
    contestants = [Contestant("callosal", timed(lambda: find_cases([series]).cases[0].load()))]
    absent = {}
    for name, package, work in (
        ("SimpleITK", "simpleitk", _simpleitk),
        ("dicom2nifti", "dicom2nifti", _dicom2nifti),
        ("dcm2niix (process)", "dcm2niix", _dcm2niix),
    ):
        if lack := missing(package):
            absent[name] = lack
        else:
            run = timed(lambda work=work: work(series))  # type: ignore[misc]
            contestants.append(Contestant(name, run))
    return hold("reading a series into a volume", contestants, rounds, absent, limit_s)


def _simpleitk(series: Path) -> None:
    simpleitk: Any = import_module("SimpleITK")
    reader = simpleitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(series)))
    simpleitk.GetArrayViewFromImage(reader.Execute())


def _dicom2nifti(series: Path) -> None:
    dicom2nifti: Any = import_module("dicom2nifti")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "series.nii"
        dicom2nifti.dicom_series_to_nifti(str(series), str(target), reorient_nifti=False)


def _dcm2niix(series: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [_dcm2niix_program(), "-z", "n", "-b", "n", "-o", folder, str(series)]
        subprocess.run(command, check=True, capture_output=True)


def _dcm2niix_program() -> str:
    """The binary that the wheel carries; the wheel's script starts Python first."""
    spec = importlib.util.find_spec("dcm2niix")
    if spec is not None and spec.origin is not None:
        binary = Path(spec.origin).with_name("dcm2niix")
        if binary.is_file():
            return str(binary)
    return str(Path(sysconfig.get_path("scripts")) / "dcm2niix")
