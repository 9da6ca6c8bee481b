from dataclasses import replace
from pathlib import Path

from callosal.pipelines.dicom.headers import Header, scan
from callosal.pipelines.dicom.stacks import find_stacks
from callosal.pipelines.reading.series_words import series_words
from tests.dicom.make_series import SeriesRecipe, make_series, write_slices


def test_words_are_read_from_the_first_file_of_a_stack(tmp_path: Path) -> None:
    images = make_series(replace(SeriesRecipe(), number=4))
    for image in images:
        image.SpecificCharacterSet = "ISO_IR 100"
        image.SeriesDescription = "t1_mprage\t sagittal über"
        image.ProtocolName = "Kopf"
    write_slices(tmp_path, images)
    (stack,) = find_stacks([found for found in scan(tmp_path) if isinstance(found, Header)])
    words = series_words(stack)
    assert (words.series_number, words.protocol, words.orientation) == ("4", "Kopf", "sagittal")
    assert words.description == "t1_mprage sagittal über"
    for path in tmp_path.iterdir():
        path.unlink()
    assert series_words(stack).description == "", "a file that is gone has no words"
