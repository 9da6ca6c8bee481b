from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import ImplicitVRLittleEndian, RLELossless

from callosal.pipelines.dicom.headers import Header, read_header, scan
from callosal.pipelines.dicom.tree import FileEntry
from tests.dicom.make_series import SeriesRecipe, make_enhanced, make_slice

RECIPE = SeriesRecipe()


def shipped(name: str) -> str:
    """A test file inside pydicom's wheel; never a download."""
    path = get_testdata_file(name, download=False)
    assert path is not None
    return str(path)


def entry_of(path: Path | str) -> FileEntry:
    info = Path(path).stat()
    return FileEntry(str(path), Path(path).name, info.st_size, info.st_mtime_ns)


def read_saved(ds, path: Path):
    ds.save_as(path, enforce_file_format=False)
    return read_header(entry_of(path))


def code_of(found) -> str:
    assert not isinstance(found, Header)
    return found.code


def test_a_sound_slice(tmp_path: Path):
    header = read_saved(make_slice(RECIPE, 2), tmp_path / "x")
    assert isinstance(header, Header)
    (frame,) = header.frames
    assert frame.position_lps_mm == tuple(RECIPE.position(2))
    assert frame.row_dir + frame.col_dir == tuple(RECIPE.orientation)
    assert frame.spacing_mm == (8, 9)
    assert (frame.echo_time_ms, frame.repetition_time_ms, frame.inversion_time_ms) == (
        2.5,
        2000,
        900,
    )
    assert (header.layout.rows, header.layout.columns) == (20, 16)
    assert (header.series_number, header.patient_position, header.field_strength_t) == (1, "HFS", 3)


@pytest.mark.parametrize(
    ("name", "syntax"),
    [
        ("MR_small.dcm", "1.2.840.10008.1.2.1"),
        ("MR_small_implicit.dcm", "1.2.840.10008.1.2"),
        ("MR_small_bigendian.dcm", "1.2.840.10008.1.2.2"),
        ("MR_small_expb.dcm", "1.2.840.10008.1.2.2"),
        ("MR_small_RLE.dcm", "1.2.840.10008.1.2.5"),
        ("MR_small_jp2klossless.dcm", "1.2.840.10008.1.2.4.90"),
        ("MR_small_jpeg_ls_lossless.dcm", "1.2.840.10008.1.2.4.80"),
        ("MR_small_padded.dcm", "1.2.840.10008.1.2.1"),
    ],
)
def test_one_image_in_every_encoding(name: str, syntax: str):
    header = read_header(entry_of(shipped(name)))
    plain = read_header(entry_of(shipped("MR_small.dcm")))
    assert isinstance(header, Header)
    assert isinstance(plain, Header)
    assert header.layout.syntax_uid == syntax
    assert header.frames == plain.frames
    assert header.series_uid == plain.series_uid


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("MR_truncated.dcm", "truncated"),
        ("CT_small.dcm", "not_mr"),
        ("rtstruct.dcm", "not_mr_image"),
        ("rtplan.dcm", "not_mr_image"),
        ("test-SR.dcm", "not_mr_image"),
        ("reportsi.dcm", "not_mr_image"),
        ("image_dfl.dcm", "deflated"),
        ("JPEG2000.dcm", "not_mr"),
        ("test1.json", "not_dicom"),
        ("zipMR.gz", "not_dicom"),
    ],
)
def test_files_that_are_no_whole_mr_image(name: str, code: str):
    assert code_of(read_header(entry_of(shipped(name)))) == code


def test_no_shipped_file_raises():
    folder = Path(shipped("MR_small.dcm")).parent
    found = list(scan(folder))
    assert len(found) > 80
    assert {getattr(item, "code", "") for item in found} >= {"", "dicomdir", "not_dicom", "not_mr"}


@pytest.mark.parametrize("with_meta", [True, False])
@pytest.mark.parametrize("implicit_vr", [True, False])
@pytest.mark.parametrize("is_marked", [False, True])
def test_a_file_without_preamble(
    tmp_path: Path, with_meta: bool, implicit_vr: bool, is_marked: bool
):
    ds = make_slice(RECIPE, 0)
    if implicit_vr:
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    ds.save_as(tmp_path / "whole", enforce_file_format=True)
    data = (tmp_path / "whole").read_bytes()
    start = 132 if with_meta else 132 + 12 + int.from_bytes(data[140:144], "little")
    (tmp_path / "cut").write_bytes((b"DICM" if is_marked else b"") + data[start:])
    whole, cut = (read_header(entry_of(tmp_path / name)) for name in ("whole", "cut"))
    assert isinstance(whole, Header)
    assert isinstance(cut, Header)
    assert cut.frames == whole.frames
    assert cut.layout.syntax_uid == whole.layout.syntax_uid


def test_big_endian_without_meta(tmp_path: Path):
    ds = make_slice(RECIPE, 0)
    del ds.file_meta
    ds.PixelData = RECIPE.pixels(0).byteswap().tobytes()
    ds.save_as(tmp_path / "x", implicit_vr=False, little_endian=False)
    header = read_header(entry_of(tmp_path / "x"))
    assert isinstance(header, Header)
    assert (header.layout.rows, header.layout.little_endian) == (20, False)


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [
        ("ImagePositionPatient", None, "missing_tags"),
        ("ImageOrientationPatient", None, "missing_tags"),
        ("PixelSpacing", None, "missing_tags"),
        ("Rows", None, "missing_tags"),
        ("SOPClassUID", None, "missing_tags"),
        ("SOPInstanceUID", None, "missing_tags"),
        ("SeriesInstanceUID", None, "missing_tags"),
        ("PixelData", None, "no_pixel_data"),
        ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0], "bad_geometry"),
        ("ImageOrientationPatient", [2, 0, 0, 0, 1, 0], "bad_geometry"),
        ("ImageOrientationPatient", [1, 0, 0], "bad_geometry"),
        ("PixelSpacing", [0, 1], "bad_geometry"),
        ("PixelSpacing", [-1, 1], "bad_geometry"),
        ("ImagePositionPatient", [0, 0, 1e9], "bad_geometry"),
        ("RescaleSlope", 0, "bad_rescale"),
        ("RescaleSlope", 1e30, "bad_rescale"),
        ("RescaleIntercept", 1e9, "bad_rescale"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "M", "MOSAIC"], "mosaic"),
        ("PhotometricInterpretation", "RGB", "not_grayscale"),
        ("SamplesPerPixel", 3, "not_grayscale"),
        ("BitsAllocated", 12, "unsupported_bits"),
        ("BitsStored", 17, "unsupported_bits"),
        ("NumberOfFrames", 2, "bad_pixel_length"),
        ("Rows", 30000, "bad_pixel_length"),
        ("NumberOfFrames", 1_000_000_000, "too_large"),
        ("Modality", "CT", ""),
    ],
)
def test_a_wrong_or_missing_tag(tmp_path: Path, keyword: str, value, code: str):
    ds = make_slice(RECIPE, 0)
    if value is None:
        delattr(ds, keyword)
    else:
        setattr(ds, keyword, value)
    found = read_saved(ds, tmp_path / "x")
    assert getattr(found, "code", "") == code


@pytest.mark.parametrize("value", [b"abc ", b"nan ", b"1\\2 ", b"\x10\0\x10\0"])
def test_a_rescale_that_is_not_one_number_is_refused(tmp_path: Path, value: bytes):
    ds = make_slice(RECIPE, 0)
    ds.RescaleSlope = "0.25"
    ds.save_as(tmp_path / "whole", enforce_file_format=True)
    data = (tmp_path / "whole").read_bytes()
    (tmp_path / "x").write_bytes(data.replace(b"DS\x04\x000.25", b"DS\x04\x00" + value))
    assert code_of(read_header(entry_of(tmp_path / "x"))) == "bad_rescale"


def test_a_ct_by_its_class(tmp_path: Path):
    ds = make_slice(RECIPE, 0)
    ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.2", "CT"
    assert code_of(read_saved(ds, tmp_path / "x")) == "not_mr"


def test_missing_identity_and_odd_character_sets_do_no_harm(tmp_path: Path):
    ds = make_slice(RECIPE, 0)
    del ds.PatientID, ds.PatientName, ds.FrameOfReferenceUID, ds.PhotometricInterpretation
    ds.save_as(tmp_path / "x", enforce_file_format=True)
    data = (tmp_path / "x").read_bytes()
    odd = b"\x08\x00\x05\x00CS\x08\x00NOT_A_CS"
    at = data.index(b"\x08\x00\x08\x00CS")
    (tmp_path / "y").write_bytes(data[:at] + odd + data[at:])
    assert isinstance(read_header(entry_of(tmp_path / "y")), Header)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_a_file_cut_anywhere_is_told(tmp_path: Path, share: float):
    make_slice(RECIPE, 0).save_as(tmp_path / "x", enforce_file_format=True)
    data = (tmp_path / "x").read_bytes()
    (tmp_path / "x").write_bytes(data[: int(share * len(data))])
    found = read_header(entry_of(tmp_path / "x"))
    assert code_of(found) in {"truncated", "no_pixel_data", "not_dicom", "missing_tags"}


def test_a_cut_compressed_file_is_told(tmp_path: Path):
    ds = make_slice(RECIPE, 0)
    ds.compress(RLELossless)
    ds.save_as(tmp_path / "x", enforce_file_format=True)
    data = (tmp_path / "x").read_bytes()
    for lost in (8, 9, 200):
        (tmp_path / "x").write_bytes(data[:-lost])
        assert code_of(read_header(entry_of(tmp_path / "x"))) == "truncated"


@pytest.mark.parametrize("where", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("n_bytes", [2, 64, 301])
def test_bytes_brought_into_the_pixels_are_told(tmp_path: Path, where: float, n_bytes: int):
    """They shift all pixels behind them: of a multi-frame image nearly the whole head."""
    make_enhanced(SeriesRecipe()).save_as(tmp_path / "x", enforce_file_format=True)
    sound = (tmp_path / "x").read_bytes()
    header = read_header(entry_of(tmp_path / "x"))
    start = header.layout.offset_bytes
    place = start + int(where * (len(sound) - start))
    (tmp_path / "x").write_bytes(sound[:place] + b"\x07" * n_bytes + sound[place:])
    assert code_of(read_header(entry_of(tmp_path / "x"))) == "bad_pixel_length"


def test_fewer_rows_than_the_frames_have_are_told(tmp_path: Path):
    image = make_enhanced(SeriesRecipe())
    image.Rows -= 1
    assert code_of(read_saved(image, tmp_path / "x")) == "bad_pixel_length"


def test_a_file_filled_up_to_whole_blocks_is_sound(tmp_path: Path):
    make_slice(SeriesRecipe(), 0).save_as(tmp_path / "x", enforce_file_format=True)
    sound = (tmp_path / "x").read_bytes()
    (tmp_path / "x").write_bytes(sound + bytes(-len(sound) % 512))
    assert isinstance(read_header(entry_of(tmp_path / "x")), Header)
    (tmp_path / "x").write_bytes(sound + bytes(-len(sound) % 512 + 2))
    assert code_of(read_header(entry_of(tmp_path / "x"))) == "bad_pixel_length"


def test_enhanced_frames_carry_their_own_place_and_scaling(tmp_path: Path):
    header = read_saved(make_enhanced(RECIPE), tmp_path / "x")
    assert isinstance(header, Header)
    assert [frame.position_lps_mm for frame in header.frames] == [
        tuple(RECIPE.position(index)) for index in range(RECIPE.n_slices)
    ]
    assert [frame.slope for frame in header.frames] == list(range(1, 11))
    assert {frame.echo_time_ms for frame in header.frames} == {2.5}
    assert {frame.times[0] for frame in header.frames} == {1}


def test_enhanced_in_implicit_encoding_reads_alike(tmp_path: Path):
    explicit = read_saved(make_enhanced(RECIPE), tmp_path / "x")
    ds = make_enhanced(RECIPE)
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    implicit = read_saved(ds, tmp_path / "y")
    assert isinstance(explicit, Header)
    assert isinstance(implicit, Header)
    assert implicit.frames == explicit.frames


def test_enhanced_with_too_few_frame_groups(tmp_path: Path):
    ds = make_enhanced(RECIPE)
    del ds.PerFrameFunctionalGroupsSequence[-1]
    assert code_of(read_saved(ds, tmp_path / "x")) == "frame_count"


def test_directions_are_made_orthonormal(tmp_path: Path):
    ds = make_slice(RECIPE, 0)
    ds.ImageOrientationPatient = [0.0004, 1.0003, 0, 0, 0.0002, -0.9998]
    header = read_saved(ds, tmp_path / "x")
    assert isinstance(header, Header)
    directions = np.array([header.frames[0].row_dir, header.frames[0].col_dir])
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-12)


def test_random_bytes_never_raise(tmp_path: Path):
    make_enhanced(RECIPE).save_as(tmp_path / "x", enforce_file_format=True)
    data = np.frombuffer((tmp_path / "x").read_bytes(), np.uint8)
    rng = np.random.default_rng(0)
    for _ in range(300):
        broken = data.copy()
        places = rng.integers(0, min(len(data), 4000), rng.integers(1, 8))
        broken[places] = rng.integers(0, 256, len(places))
        (tmp_path / "y").write_bytes(broken.tobytes())
        found = read_header(entry_of(tmp_path / "y"))
        assert isinstance(found, Header) or (found.code and "\n" not in found.message)


@pytest.mark.parametrize("vr", ["UN", "OB", "OW"])
def test_pixels_of_an_unknown_representation(tmp_path: Path, vr: str):
    """A proxy that did not know the element writes UN, with a long length."""
    sound = read_saved(make_slice(RECIPE, 0), tmp_path / "sound")
    path = tmp_path / "sound"
    path.write_bytes(
        path.read_bytes().replace(b"\xe0\x7f\x10\x00OW", b"\xe0\x7f\x10\x00" + vr.encode())
    )
    found = read_header(entry_of(path))
    assert isinstance(found, Header)
    assert found.layout == sound.layout
