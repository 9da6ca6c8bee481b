import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import JPEGLosslessSV1

from callosal.models.errors import InputError
from callosal.pipelines.dicom import isolation
from callosal.pipelines.dicom.isolation import decode_isolated, needs_isolation
from callosal.pipelines.dicom.pixels import read_volume
from callosal.pipelines.dicom.stacks import Stack
from tests.dicom.make_series import SeriesRecipe, make_series, write_slices
from tests.dicom.test_decode import coded_slice, jpeg_lossless
from tests.dicom.test_stacks import stacks_of

RECIPE = SeriesRecipe()


def jpeg_series(folder: Path, **broken: bytes) -> Stack:
    """Three slices of JPEG lossless; those named s0 to s2 hold the given bytes instead."""
    slices = []
    for index in range(3):
        data = broken.get(f"s{index}") or jpeg_lossless(RECIPE.pixels(index), folder)
        ds = coded_slice([data], JPEGLosslessSV1)
        ds.SOPInstanceUID += f".{index}"
        ds.ImagePositionPatient = RECIPE.position(index)
        slices.append(ds)
    write_slices(folder / "in", slices)
    (stack,) = stacks_of(folder / "in")
    return stack


def test_a_stack_comes_back_whole(tmp_path: Path):
    stack = jpeg_series(tmp_path)
    assert needs_isolation(stack.planes)
    volume = read_volume(stack)
    np.testing.assert_array_equal(volume.array, [RECIPE.pixels(index) for index in range(3)])


def test_a_refused_frame_is_named(tmp_path: Path):
    stack = jpeg_series(tmp_path, s1=b"\x01\x02\x03\x04" * 64)
    with pytest.raises(InputError, match=r"0010: frame 1 cannot be decoded") as caught:
        read_volume(stack)
    assert caught.value.code == "decode_failed"


def test_a_crash_of_the_child_names_the_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stack = jpeg_series(tmp_path)
    (tmp_path / "sitecustomize.py").write_text(
        f"import os; os.kill(os.getpid(), {int(signal.SIGABRT)})\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InputError, match=r"0003: frame 1 .* codec crash") as caught:
        list(decode_isolated(stack.planes))
    assert caught.value.code == "decoder_died"


def test_a_hanging_child_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stack = jpeg_series(tmp_path)
    monkeypatch.setattr(isolation, "CHILD_TIMEOUT_S", 0.01)
    with pytest.raises(InputError, match="takes longer") as caught:
        list(decode_isolated(stack.planes))
    assert caught.value.code == "decoder_died"


def test_a_file_that_went_is_unreadable_not_undecodable(tmp_path: Path):
    stack = jpeg_series(tmp_path)
    Path(stack.planes[1].header.file.path).unlink()
    with pytest.raises(InputError, match="cannot be read") as caught:
        list(decode_isolated(stack.planes))
    assert caught.value.code == "unreadable"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs the limits of Linux")
def test_a_child_has_no_more_memory_than_its_share():
    ask = "; bytearray(1 << 28)"
    limit = (
        "from callosal.pipelines.dicom.isolation import limit_resources; limit_resources(1 << 27)"
    )
    for script, code in ((limit, 0), (limit + ask, 1)):
        child = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
        assert child.returncode == code
    assert b"MemoryError" in child.stderr


def test_native_pixels_need_no_child(tmp_path: Path):
    write_slices(tmp_path, make_series(RECIPE))
    (stack,) = stacks_of(tmp_path)
    assert not needs_isolation(stack.planes)
