"""AE titles: names of DICOM nodes."""

from callosal.models.errors import InputError

_LONGEST = 16


def check_title(title: str, option: str) -> str:
    """An AE title as the standard has it.

    Raises:
        InputError: `wrong_usage`.

    >>> check_title("CALLOSAL", "--aet")
    'CALLOSAL'
    """
    is_plain = title.isascii() and title.isprintable() and "\\" not in title
    if not (is_plain and title.strip() == title and 0 < len(title) <= _LONGEST):
        raise InputError(
            f"{option} {title!r}: an AE title has 1 to 16 plain characters", "wrong_usage"
        )
    return title
