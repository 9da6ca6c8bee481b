import io
from pathlib import Path

import gdcm
import imagecodecs
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    HTJ2K,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from callosal.models.errors import InputError
from callosal.pipelines.dicom.decode import decode_frame
from callosal.pipelines.dicom.headers import Header, read_header
from tests.dicom.make_series import SeriesRecipe, make_enhanced, make_slice
from tests.dicom.test_headers import entry_of, read_saved, shipped

RECIPE = SeriesRecipe()


def decode(found) -> np.ndarray:
    assert isinstance(found, Header)
    return decode_frame(found, 0)


@pytest.mark.parametrize(
    "name",
    [
        "MR_small.dcm",
        "MR_small_implicit.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_expb.dcm",
        "MR_small_RLE.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_padded.dcm",
    ],
)
def test_every_encoding_gives_the_same_pixels(name: str):
    pixels = decode(read_header(entry_of(shipped(name))))
    expected = pydicom.dcmread(shipped("MR_small.dcm")).pixel_array
    assert pixels.dtype == expected.dtype == np.int16
    np.testing.assert_array_equal(pixels, expected)


def jpeg_2000(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG2000", no_jp2=True, irreversible=False)
    return buffer.getvalue()


def jpeg_lossless(pixels: np.ndarray, folder: Path) -> bytes:
    """First fragment of what GDCM makes of the image."""
    ds = make_slice(RECIPE, 0)
    ds.PixelData = pixels.tobytes()
    ds.save_as(folder / "plain", enforce_file_format=True)
    reader = gdcm.ImageReader()
    reader.SetFileName(str(folder / "plain"))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.SetFileName(str(folder / "coded"))
    assert writer.Write()
    coded = pydicom.dcmread(folder / "coded")
    return pydicom.encaps.get_frame(coded.PixelData, 0, number_of_frames=1)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_codecs_that_pydicom_writes(tmp_path: Path, syntax):
    ds = make_slice(RECIPE, 0)
    ds.compress(syntax)
    np.testing.assert_array_equal(decode(read_saved(ds, tmp_path / "x")), RECIPE.pixels(0))


def coded_slice(frames: list[bytes], syntax, per_fragment: int = 1):
    ds = make_slice(RECIPE, 0)
    ds.PixelData = encapsulate(frames, fragments_per_frame=per_fragment)
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = syntax
    return ds


@pytest.mark.parametrize("fragments", [1, 3])
def test_jpeg_2000_in_one_and_several_fragments(tmp_path: Path, fragments: int):
    ds = coded_slice([jpeg_2000(RECIPE.pixels(0))], JPEG2000Lossless, fragments)
    np.testing.assert_array_equal(decode(read_saved(ds, tmp_path / "x")), RECIPE.pixels(0))


@pytest.mark.parametrize("reversible", [True, False])
def test_high_throughput_jpeg_2000(tmp_path: Path, reversible: bool):
    pixels = RECIPE.pixels(0)
    coded = imagecodecs.htj2k_encode(pixels, reversible=reversible)
    ds = coded_slice([coded], HTJ2KLossless if reversible else HTJ2K)
    found = decode(read_saved(ds, tmp_path / "x")).astype(int)
    assert np.abs(found - pixels).max() <= (0 if reversible else 0.01 * pixels.max())


def test_jpeg_lossless(tmp_path: Path):
    ds = coded_slice([jpeg_lossless(RECIPE.pixels(0), tmp_path)], JPEGLosslessSV1)
    np.testing.assert_array_equal(decode(read_saved(ds, tmp_path / "x")), RECIPE.pixels(0))


def test_a_missing_codec_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    decoder = get_decoder(HTJ2KLossless)
    monkeypatch.setattr(decoder, "_available", {})
    monkeypatch.setattr(decoder, "_unavailable", {"pylibjpeg": ("pylibjpeg-openjpeg",)})
    ds = coded_slice([jpeg_2000(RECIPE.pixels(0))], HTJ2KLossless)
    with pytest.raises(InputError, match="pylibjpeg-openjpeg") as caught:
        decode(read_saved(ds, tmp_path / "x"))
    assert caught.value.code == "decode_failed"


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless, JPEGLosslessSV1])
def test_garbage_in_a_fragment(tmp_path: Path, syntax):
    ds = coded_slice([b"\x01\x02\x03\x04" * 64], syntax)
    with pytest.raises(InputError, match="x: frame 1") as caught:
        decode(read_saved(ds, tmp_path / "x"))
    assert caught.value.code == "decode_failed"


def test_a_codestream_larger_than_declared_is_not_decoded(tmp_path: Path):
    data = bytearray(jpeg_2000(RECIPE.pixels(0)))
    data[8:12] = (1 << 20).to_bytes(4, "big")
    with pytest.raises(InputError, match="20x1048576") as caught:
        decode(read_saved(coded_slice([bytes(data)], JPEG2000Lossless), tmp_path / "x"))
    assert caught.value.code == "decode_failed"


def test_twelve_signed_bits_in_sixteen_lose_their_overlay_bits(tmp_path: Path):
    expected = np.arange(-160, 160, dtype=np.int16).reshape(20, 16) * 12
    ds = make_slice(RECIPE, 0)
    ds.PixelRepresentation = 1
    ds.PixelData = ((expected.view(np.uint16) & 0x0FFF) | 0x5000).tobytes()
    pixels = decode(read_saved(ds, tmp_path / "x"))
    assert pixels.dtype == np.int16
    np.testing.assert_array_equal(pixels, expected)


def test_bits_at_the_top_of_the_word(tmp_path: Path):
    ds = make_slice(RECIPE, 0)
    ds.HighBit = 15
    ds.PixelData = (RECIPE.pixels(0) << 4 | 0x7).astype(np.uint16).tobytes()
    np.testing.assert_array_equal(decode(read_saved(ds, tmp_path / "x")), RECIPE.pixels(0))


@pytest.mark.parametrize(("signed", "total"), [(0, 4095), (1, -1)])
def test_monochrome1_is_turned_round(tmp_path: Path, signed: int, total: int):
    ds = make_slice(RECIPE, 0)
    ds.PixelRepresentation = signed
    plain = decode(read_saved(ds, tmp_path / "x")).astype(int)
    ds.PhotometricInterpretation = "MONOCHROME1"
    turned = decode(read_saved(ds, tmp_path / "y")).astype(int)
    np.testing.assert_array_equal(plain + turned, total)


@pytest.mark.parametrize(("signed", "padding"), [(0, 65535), (0, 32768), (1, 32767)])
@pytest.mark.parametrize("kind", ["MONOCHROME2", "MONOCHROME1"])
def test_padding_brighter_than_the_image_is_made_dark(
    tmp_path: Path, signed: int, padding: int, kind: str
):
    ds = make_slice(RECIPE, 0)
    ds.PixelRepresentation, ds.BitsStored, ds.HighBit = signed, 16, 15
    ds.PhotometricInterpretation = kind
    image = RECIPE.pixels(0).copy()
    if kind == "MONOCHROME1":  # low is white
        padding, image = 0, image + np.uint16(1)
    image[:3] = padding
    ds.PixelData = image.tobytes()
    ds.add_new("PixelPaddingValue", "SS" if signed else "US", padding)
    pixels = decode(read_saved(ds, tmp_path / "x")).astype(int)
    assert set(pixels[:3].ravel()) == {pixels[3:].min()}


@pytest.mark.parametrize("padding", [-2000, 0])
def test_dark_padding_stays_as_it_is(tmp_path: Path, padding: int):
    ds = make_slice(RECIPE, 0)
    ds.PixelRepresentation, ds.BitsStored, ds.HighBit = 1, 16, 15
    image = RECIPE.pixels(0).astype(np.int16)
    image[:3] = padding
    ds.PixelData = image.tobytes()
    ds.add_new("PixelPaddingValue", "SS", padding)
    np.testing.assert_array_equal(decode(read_saved(ds, tmp_path / "x")), image)


@pytest.mark.parametrize("bits", [8, 32])
def test_other_widths(tmp_path: Path, bits: int):
    ds = make_slice(RECIPE, 0)
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, bits, bits - 1
    expected = (RECIPE.pixels(0) % 251).astype(f"u{bits // 8}")
    ds.PixelData = expected.tobytes()
    np.testing.assert_array_equal(decode(read_saved(ds, tmp_path / "x")), expected)


def test_a_frame_of_many(tmp_path: Path):
    header = read_saved(make_enhanced(RECIPE), tmp_path / "x")
    assert isinstance(header, Header)
    np.testing.assert_array_equal(decode_frame(header, 7), RECIPE.pixels(7))


def test_a_file_that_shrank_or_went_after_the_scan(tmp_path: Path):
    path = tmp_path / "x"
    header = read_saved(make_slice(RECIPE, 0), path)
    assert isinstance(header, Header)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError) as caught:
        decode_frame(header, 0)
    assert caught.value.code == "decode_failed"
    path.unlink()
    with pytest.raises(InputError) as caught:
        decode_frame(header, 0)
    assert caught.value.code == "unreadable"
    assert str(tmp_path) not in str(caught.value)
