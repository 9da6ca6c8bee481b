"""Files tried on the page: the answer is that of `infer`, and nothing is kept."""

import base64
import gzip
import json
import tempfile

import nibabel as nib
import numpy as np
import pytest

from callosal.export.runtime import open_segmenter
from callosal.export.shipped import DEFAULT, resolve_model
from callosal.models.errors import CallosalError
from callosal.pipelines.dicom.write import write_mr_series
from callosal.pipelines.phantom import phantom_head
from callosal.pipelines.planner import Planner
from callosal.pipelines.review.run_settings import RunSettings
from callosal.pipelines.review.tried_files import MAX_FILES, FileTrial, split_files
from callosal.pipelines.settings import FusionSettings, PlanSettings, Settings


@pytest.fixture(scope="module")
def segmenter():
    return open_segmenter(resolve_model(DEFAULT), "cpu", 1)


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    head = phantom_head(1, (80, 120, 120), (2.0, 2.0, 2.0))
    return write_mr_series(head.volume, folder, description="phantom")


@pytest.fixture
def trial(segmenter, tmp_path, monkeypatch):
    """A trial whose temporary folders are made under `tmp_path`, so that a test can look there."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    settings = RunSettings("0" * 64, "endpoints", FusionSettings(), PlanSettings())
    return FileTrial(segmenter, settings)


def message_of(*files: bytes) -> bytes:
    told = json.dumps({"sizes": [len(file) for file in files]}).encode()
    return len(told).to_bytes(4, "little") + told + b"".join(files)


def test_a_series_gets_the_answer_of_infer(trial, series, tmp_path):
    tried = trial.plan(message_of(*(path.read_bytes() for path in series)))
    settings = Settings(line="endpoints", dicom_objects=())
    first = Planner(device="cpu", settings=settings).plan(series[0].parent).document
    plan = tried["entry"]["plan"]
    for part in ("status", "confidence", "reasons", "final", "planes", "finding", "uncertainty"):
        assert plan[part] == first[part], part
    assert plan["line"]["kind"] == "endpoints", "planned as the run under review was"
    place = tried["entry"]["pictures"]["midsagittal"]
    shown = gzip.decompress(base64.b64decode(tried["pictures"]["midsagittal"]))
    assert np.frombuffer(shown, "<u2").reshape(place["shape"]).max() > 1000
    assert set(tried["pictures"]) == {"midsagittal", "transverse", "coronal"}
    assert tried["entry"]["review"] is None
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_packed_mgh_file_is_read(trial, tmp_path):
    head = phantom_head(1, (80, 120, 120), (2.0, 2.0, 2.0)).volume.to_nibabel()
    voxels = np.asarray(head.dataobj).astype(np.float32)
    nib.save(nib.MGHImage(voxels, head.affine), tmp_path / "head.mgz")
    tried = trial.plan(message_of((tmp_path / "head.mgz").read_bytes()))
    assert tried["entry"]["plan"]["status"] == "ok"


@pytest.mark.parametrize(
    "content", [b"", b"\x1f\x8bbroken", b"\0" * 128 + b"DICM", b"text of somebody"]
)
def test_what_is_no_image_is_refused_and_not_kept(trial, tmp_path, content):
    with pytest.raises(CallosalError) as error:
        trial.plan(message_of(content))
    assert str(tmp_path) not in str(error.value)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_several_series_at_once_are_refused(trial, tmp_path):
    for seed in (1, 2):
        head = phantom_head(seed, (40, 60, 60), (4.0, 4.0, 4.0))
        write_mr_series(head.volume, tmp_path / str(seed), description="phantom")
    files = [path.read_bytes() for path in sorted(tmp_path.glob("[12]/*"))]
    with pytest.raises(CallosalError) as error:
        trial.plan(message_of(*files))
    assert error.value.code == "several_cases"


@pytest.mark.parametrize(
    "message",
    [b"", b"\x04\0\0\0null", b"\x02\0\0\0{}", b"\xff\xff\xff\xff{}", message_of(b"whole")[:-1],
     message_of(b"whole") + b"+"],
)  # fmt: skip
def test_broken_messages_are_refused(message):
    with pytest.raises(CallosalError) as error:
        split_files(message)
    assert error.value.code == "bad_request"


def test_too_many_files_are_refused():
    with pytest.raises(CallosalError) as error:
        split_files(message_of(*[b""] * (MAX_FILES + 1)))
    assert error.value.code == "too_many_files"


def test_files_come_back_as_they_were():
    assert split_files(message_of(b"one", b"", b"three")) == [b"one", b"", b"three"]
