"""A few elements of a file that has been indexed: what is wanted of its header later on."""

import warnings
from collections.abc import Iterable
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag

from callosal.pipelines.dicom.attributes import tag_of
from callosal.pipelines.dicom.syntax import read_syntax

_CHARACTER_SET = tag_of("SpecificCharacterSet")
_FIRST_PIXEL_TAG = 0x7FE00008


def read_tags(path: Path, tags: Iterable[int]) -> Dataset:
    """The elements of a file that are there, texts decoded; none where it cannot be read any more.

    Args:
        path: A DICOM file that was read before.
        tags: Tags below the pixels.
    """
    wanted: list[BaseTag | int] = [BaseTag(tag) for tag in (*tags, _CHARACTER_SET)]
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's warnings quote values
            syntax = read_syntax(file)
            dataset = read_dataset(
                file,
                syntax.implicit_vr,
                syntax.little_endian,
                stop_when=lambda tag, _vr, _length: int(tag) >= _FIRST_PIXEL_TAG,
                specific_tags=wanted,
            )
            dataset.decode()
            return dataset
    except Exception:  # a broken header may raise anything; the case has been judged already
        return Dataset()
