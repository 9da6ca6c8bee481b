"""Hazards of real archives that no other test meets: see docs/reference/dicom-hazards.md."""

import itertools
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.fileset import FileSet
from pydicom.sequence import Sequence
from pydicom.uid import MediaStorageDirectoryStorage

from callosal.models.errors import InputError
from callosal.pipelines.dicom.headers import read_header
from callosal.pipelines.dicom.tree import FileEntry, Skipped
from callosal.pipelines.reading.cases import Case, find_cases
from tests.dicom.make_series import SeriesRecipe, make_series, make_slice, write_slices

RECIPE = SeriesRecipe()
DEFLATED = "1.2.840.10008.1.2.1.99"
DEFLATED_FRAME = b"1.2.840.10008.1.2.8.1"


def _entry(path: Path) -> FileEntry:
    info = path.stat()
    return FileEntry(str(path), path.name, info.st_size, info.st_mtime_ns)


def _code(path: Path) -> str:
    found = read_header(_entry(path))
    return found.code if isinstance(found, Skipped) else ""


def _one_case(folder: Path) -> Case:
    (case,) = find_cases([folder]).cases
    return case


def test_a_deflated_bomb_is_refused_without_inflating_it(tmp_path: Path) -> None:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = DEFLATED
    make_slice(RECIPE, 0).save_as(tmp_path / "x", enforce_file_format=True)
    head = (tmp_path / "x").read_bytes()[:132]
    named = struct.pack("<HH2sH", 2, 0x10, b"UI", len(DEFLATED)) + DEFLATED.encode()
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = squeeze.compress(bytes(60 << 20)) + squeeze.flush()
    (tmp_path / "x").write_bytes(head + named + bomb)
    tracemalloc.start()
    assert _code(tmp_path / "x") == "deflated"
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(bomb) < 1 << 20
    assert peak_bytes < 1 << 20


def test_deflated_frames_are_refused(tmp_path: Path) -> None:
    make_slice(RECIPE, 0).save_as(tmp_path / "x", enforce_file_format=True)
    data = (tmp_path / "x").read_bytes()
    named = struct.pack("<HH2sH", 2, 0x10, b"UI", 22) + DEFLATED_FRAME + b"\0"
    (tmp_path / "x").write_bytes(data[:132] + named + data[data.index(b"\x08\x00\x08\x00CS") :])
    assert _code(tmp_path / "x") == "unknown_transfer_syntax"


def test_archives_in_the_archive_are_not_opened(tmp_path: Path) -> None:
    paths = write_slices(tmp_path / "in", make_series(RECIPE))
    with zipfile.ZipFile(tmp_path / "in" / "inner.zip", "w") as packed:
        for path in paths:
            packed.write(path, path.name)
            path.unlink()
    with zipfile.ZipFile(tmp_path / "in" / "outer.zip", "w") as packed:
        packed.write(tmp_path / "in" / "inner.zip", "inner.zip")
    with pytest.raises(InputError) as caught:
        find_cases([tmp_path / "in"])
    assert caught.value.code == "no_images"


def test_a_dicomdir_is_never_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    secret = write_slices(tmp_path / "outside", make_series(RECIPE))[0]
    files = FileSet()
    files.add(make_patient_slice(secret))
    root = tmp_path / "root"
    files.write(root)
    index_file = root / "DICOMDIR"
    inner = next(path for path in root.rglob("*") if path.is_file() and path != index_file)
    inner.unlink()
    escape = b"..\\outside\\" + secret.name.encode()
    assert MediaStorageDirectoryStorage.encode() in index_file.read_bytes()
    index_file.write_bytes(index_file.read_bytes() + escape)
    write_slices(root / "good", make_series(SeriesRecipe(number=2)))
    index = find_cases([root])
    assert [case.source["series_number"] for case in index.cases] == [2]
    assert [skip.code for skip in index.skipped] == ["dicomdir"]


def make_patient_slice(path: Path) -> Dataset:
    """A slice with all that an index of files lists."""
    ds = make_slice(RECIPE, 0)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    for keyword, value in (("StudyDate", "20000101"), ("StudyTime", "000000"), ("StudyID", "1"),
                           ("InstanceNumber", 1)):  # fmt: skip
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "I/O")])
def test_an_unreadable_file_is_told_and_may_pass(
    error: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_slices(tmp_path, make_series(RECIPE))
    is_open = Path.open

    def fail(path: Path, *words: object, **options: object) -> object:
        if path == paths[3]:
            raise error
        return is_open(path, *words, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", fail)
    assert {skip.code for skip in find_cases([tmp_path]).skipped} >= {"unreadable"}


@pytest.mark.parametrize("position", ["HFS", "HFP", "HFDR", "HFDL", "FFS", "FFP"])
@pytest.mark.parametrize("signs", list(itertools.product((1.0, -1.0), repeat=2)))
def test_no_way_to_lie_changes_where_voxels_are(
    position: str, signs: tuple[float, float], tmp_path: Path
) -> None:
    # Prone and decubitus turn how a scanner stores rows and columns; positions are the
    # patient's all the same, so the vectors say everything and the label nothing.
    first, second = signs
    recipe = SeriesRecipe(
        orientation=(0.0, first, 0.0, 0.0, 0.0, -second), tags={"PatientPosition": position}
    )
    write_slices(tmp_path, make_series(recipe))
    case = _one_case(tmp_path)
    assert case.source["patient_position"] == position
    volume = case.load()
    for index in (0, 4, 9):
        pixels = recipe.pixels(index)
        (place,) = np.argwhere((volume.array == pixels).all(axis=(1, 2)))[0]
        corner = volume.map_indices_to_reference(np.array([[place, 0, 0]]))[0]
        np.testing.assert_allclose(corner, recipe.position(index), atol=1e-6)
        far = volume.map_indices_to_reference(np.array([[place, 19, 15]]))[0]
        along = (
            np.array(recipe.orientation[:3]) * 15 * 9 + np.array(recipe.orientation[3:]) * 19 * 8
        )
        np.testing.assert_allclose(far - corner, along, atol=1e-6)


def test_sequences_nested_without_end_are_told(tmp_path: Path) -> None:
    make_slice(RECIPE, 0).save_as(tmp_path / "x", enforce_file_format=True)
    data = (tmp_path / "x").read_bytes()
    opening = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    at = data.index(b"\xe0\x7f\x10\x00")
    (tmp_path / "x").write_bytes(data[:at] + (opening + item) * 20000 + data[at:])
    assert _code(tmp_path / "x") in ("bad_header", "no_pixel_data", "missing_tags")


def test_real_world_values_and_private_places_are_not_applied(tmp_path: Path) -> None:
    slices = make_series(RECIPE)
    for ds in slices:
        mapping = Dataset()
        mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = 7.0, 100.0
        ds.RealWorldValueMappingSequence = Sequence([mapping])
        philips = ds.private_block(0x2005, "Philips MR Imaging DD 005", create=True)
        philips.add_new(0x0F, "FL", [1.0, 2.0, 3.0])
    write_slices(tmp_path, slices)
    volume = _one_case(tmp_path).load()
    assert volume.array.dtype == np.uint16
    np.testing.assert_array_equal(volume.array[0], RECIPE.pixels(0))
    np.testing.assert_allclose(volume.position, RECIPE.position(0))


def test_an_index_takes_little_memory_for_each_file(tmp_path: Path) -> None:
    for number in range(1, 9):
        write_slices(tmp_path / str(number), make_series(SeriesRecipe(number=number)))
    find_cases([tmp_path])
    tracemalloc.start()
    index = find_cases([tmp_path])
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(index.cases) == 8
    assert held_bytes / 80 < 3000, "100,000 files would take more than 300 MB"
