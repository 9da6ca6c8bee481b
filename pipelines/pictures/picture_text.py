"""Text on pictures: what Pillow's own font lacks, the minus sign and a raised two, is drawn."""

from functools import lru_cache

from PIL import ImageDraw, ImageFont

MINUS = "\N{MINUS SIGN}"
SQUARED = "\N{SUPERSCRIPT TWO}"
Color = tuple[int, int, int]

_RAISED_SHARE = 0.6
"""Size of a raised two, as share of the size of the text."""


def write(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: float,
    fill: Color,
    rim: float = 0,
) -> None:
    """Write a line of text, its left end and the middle of its height at a point.

    Args:
        draw: Where to.
        at: Position (x, y) in pixels.
        text: May hold U+2212 and U+00B2.
        size: Size of the letters in pixels.
        fill: Red, green, blue.
        rim: Width of a black rim around the letters, for text on a slice.
    """
    x, y = at
    for part in _parts(text):
        _write_part(draw, (x, y), part, size, fill, rim)
        x += _width(part, size)


def text_width(text: str, size: float) -> float:
    """How wide a line of text is, in pixels.

    >>> text_width("-1", 20) < text_width("\N{MINUS SIGN}1", 20)
    True
    """
    return sum(_width(part, size) for part in _parts(text))


def shown_number(value: float, digits: int) -> str:
    """A number with a true minus sign and no negative zero.

    >>> shown_number(-11.26, 1) == "\N{MINUS SIGN}11.3", shown_number(-0.01, 1)
    (True, '0.0')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", MINUS)


def _write_part(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    part: str,
    size: float,
    fill: Color,
    rim: float,
) -> None:
    x, y = at
    if part == MINUS:
        reach, thick = _width(part, size), max(round(size / 12), 1)
        draw.line([(x + 0.12 * reach, y + 1), (x + 0.88 * reach, y + 1)], fill, thick)
    elif part == SQUARED:
        raised, font = (x, y - 0.25 * size), _font(_RAISED_SHARE * size)
        draw.text(raised, "2", fill, font, "lm", stroke_width=rim, stroke_fill=0)
    else:
        draw.text(at, part, fill, _font(size), "lm", stroke_width=rim, stroke_fill=0)


def _parts(text: str) -> list[str]:
    """The text cut into what the font has and single signs that it lacks."""
    parts: list[str] = []
    for letter in text:
        if letter in (MINUS, SQUARED) or not parts or parts[-1] in (MINUS, SQUARED):
            parts.append(letter)
        else:
            parts[-1] += letter
    return parts


def _width(part: str, size: float) -> float:
    if part == MINUS:
        return float(_font(size).getlength("+"))
    return float(_font(_RAISED_SHARE * size if part == SQUARED else size).getlength(
        "2" if part == SQUARED else part
    ))  # fmt: skip


@lru_cache(maxsize=16)
def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, which text on pictures needs")
    return font
