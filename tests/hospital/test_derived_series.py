"""A series derived of others: whose it is, its UIDs, and what it refuses."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from callosal.models.errors import InputError
from callosal.pipelines.dicom.pixels import read_volume
from callosal.pipelines.hospital.derived_series import write_derived_series
from callosal.pipelines.hospital.source_series import SourceSeries, read_source
from callosal.pipelines.reading.cases import find_cases
from tests.dicom.make_series import SeriesRecipe, make_series, write_slices


def _source(folder: Path, **tags: object) -> SourceSeries:
    write_slices(folder, make_series(SeriesRecipe(tags=tags)))
    (case,) = find_cases([folder]).cases
    assert case.stack is not None
    return read_source(case.stack)


def _written(source: SourceSeries, folder: Path, content: str = "") -> list[Path]:
    volume = read_volume(source.stack)
    volume = volume.with_array(volume.array.astype(np.uint16))
    return write_derived_series(
        volume, [source], folder, kind="test", description="made", number=3, content=content
    )


def test_it_belongs_to_patient_and_study_of_its_source(tmp_path: Path) -> None:
    source = _source(tmp_path / "in")
    paths = _written(source, tmp_path / "out")
    images = [dcmread(path) for path in paths]
    first = images[0]
    assert (first.PatientID, first.StudyInstanceUID) == ("MARKER-ID", "1.2.3")
    assert first.FrameOfReferenceUID == "1.2.3.99"
    assert first.SeriesNumber == 9013
    assert (float(first.InversionTime), first.ScanningSequence) == (900, "IR")
    assert len({image.SOPInstanceUID for image in images}) == len(images) == 10
    assert len(first.SourceImageSequence) == 10
    assert "research" in first.DerivationDescription


def test_uids_follow_from_sources_and_content(tmp_path: Path) -> None:
    source = _source(tmp_path / "in")
    first, again, other = (
        [dcmread(path) for path in _written(source, tmp_path / name, content)]
        for name, content in (("a", ""), ("b", ""), ("c", "region"))
    )
    assert [image.SOPInstanceUID for image in first] == [image.SOPInstanceUID for image in again]
    assert first[0].SeriesInstanceUID != other[0].SeriesInstanceUID


def test_two_patients_are_refused(tmp_path: Path) -> None:
    one, two = _source(tmp_path / "a"), _source(tmp_path / "b", PatientID="other")
    with pytest.raises(InputError) as refused:
        write_derived_series(
            read_volume(one.stack), [one, two], tmp_path / "out", kind="t", description="d",
            number=1,
        )  # fmt: skip
    assert refused.value.code == "several_patients"
    assert not (tmp_path / "out").exists()
