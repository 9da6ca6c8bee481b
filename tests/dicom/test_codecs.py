import io
import struct
from pathlib import Path

import pydicom
import pytest
from PIL import Image
from pydicom.uid import (
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from callosal.models.errors import InputError
from callosal.pipelines.dicom.codecs import (
    FRAGILE_CODEC,
    choose_codec,
    codestream_shape,
    decompress,
)
from callosal.pipelines.dicom.pixel_layout import PixelLayout
from tests.dicom.make_series import SeriesRecipe, make_slice
from tests.dicom.test_decode import jpeg_2000, jpeg_lossless

RECIPE = SeriesRecipe()


def test_codestream_shapes(tmp_path: Path):
    assert codestream_shape(jpeg_2000(RECIPE.pixels(0))) == (20, 16)
    assert codestream_shape(jpeg_lossless(RECIPE.pixels(0), tmp_path)) == (20, 16)
    ds = make_slice(RECIPE, 0)
    ds.compress(JPEGLSLossless)
    assert codestream_shape(pydicom.encaps.get_frame(ds.PixelData, 0)) == (20, 16)
    assert codestream_shape(b"") is None
    assert codestream_shape(b"\xff\xd8\xff") is None


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless])
def test_the_fragile_codec_is_not_used_where_another_is(syntax: str):
    assert choose_codec(syntax) != FRAGILE_CODEC


def test_only_the_fragile_codec_reads_jpeg_lossless():
    assert choose_codec(JPEGLosslessSV1) == FRAGILE_CODEC


@pytest.mark.parametrize("n_bytes", [319, 321, 400])
def test_rle_segments_of_another_length_than_the_frame_are_refused(n_bytes: int):
    runs = [min(128, n_bytes - start) for start in range(0, n_bytes, 128)]
    segment = b"".join(bytes([257 - run, 7]) for run in runs)
    offsets = [64, 64 + len(segment)]
    stream = struct.pack("<16L", 2, *offsets, *[0] * 13) + segment * 2
    layout = PixelLayout(20, 16, 1, 16, 12, 11, False, False, RLELossless, True, 0)
    with pytest.raises(InputError, match="the codec refuses it") as caught:
        decompress(stream, layout)
    assert caught.value.code == "decode_failed"


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, HTJ2KLossless])
def test_boxes_around_a_jpeg_2000_stream_are_refused_unread(syntax: str):
    buffer = io.BytesIO()
    Image.fromarray(RECIPE.pixels(0)).save(buffer, "JPEG2000", irreversible=False)
    assert b"ftypjp2 " in buffer.getvalue()[:64]
    layout = PixelLayout(20, 16, 1, 16, 12, 11, False, False, syntax, True, 0)
    with pytest.raises(InputError, match="no bare JPEG 2000 stream") as caught:
        decompress(buffer.getvalue(), layout)
    assert caught.value.code == "decode_failed"


def test_a_syntax_without_decoder():
    with pytest.raises(InputError, match="has no decoder") as caught:
        choose_codec("1.2.840.10008.1.2.4.100")
    assert caught.value.code == "decode_failed"
