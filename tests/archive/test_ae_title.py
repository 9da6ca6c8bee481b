import pytest

from callosal.models.errors import InputError
from callosal.pipelines.archive.ae_title import check_title


@pytest.mark.parametrize("title", ["", " A", "A\n", "A\\B", "Ä", "A" * 17])
def test_titles_the_standard_does_not_have_are_refused(title: str) -> None:
    with pytest.raises(InputError):
        check_title(title, "--aet")
