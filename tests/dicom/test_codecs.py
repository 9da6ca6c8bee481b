from pathlib import Path

import pydicom
import pytest
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from callosal.models.errors import InputError
from callosal.pipelines.dicom.codecs import FRAGILE_CODEC, choose_codec, codestream_shape
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


def test_a_syntax_without_decoder():
    with pytest.raises(InputError, match="has no decoder") as caught:
        choose_codec("1.2.840.10008.1.2.4.100")
    assert caught.value.code == "decode_failed"
