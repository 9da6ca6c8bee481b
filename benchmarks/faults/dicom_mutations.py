"""Mutations of DICOM files: each takes the bytes of a sound file and gives those of a broken one.

Blind ones flip, cut and move bytes anywhere; the others know where the elements lie and lie about
their tags, representations, lengths and values, or bring in what a parser may fall over.
"""

import io
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

Rng = np.random.Generator

VRS = (b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"OB", b"OW",
       b"PN", b"SH", b"SQ", b"SS", b"UI", b"UL", b"UN", b"US", b"UT", b"\0\0", b"zz")  # fmt: skip
NASTY_TEXTS = (
    b"", b"0", b"-1", b"nan", b"inf", b"1e308", b"-1e308", b"1e-320", b"99999999999999999999",
    b"0\\0", b"\\" * 40, b"\0" * 16, b"%s%n%x", b"../../etc/passwd", b"=1+1", b"\xff\xfe" * 8,
    b"1.5.", b"1,5", b" " * 64, b"1\\2\\3\\4\\5\\6\\7", b"A" * 3000, b"<script>",
)  # fmt: skip
NASTY_NUMBERS = (0, 1, 2, 7, 8, 15, 16, 255, 256, 32767, 32768, 65534, 65535)
SYNTAXES = tuple(
    f"1.2.840.10008.1.2{tail}".encode()
    for tail in ("", ".1", ".1.99", ".2", ".4.50", ".4.57", ".4.70", ".4.80", ".4.81", ".4.90",
                 ".4.91", ".4.201", ".5", ".9999")
)  # fmt: skip


@dataclass(frozen=True)
class Element:
    """Where an element lies in its file.

    Attributes:
        tag: Group and element.
        start: First byte of its tag, of those in explicit representation.
        value: First byte of its value.
        length: Bytes of the value, 0xFFFFFFFF for an undefined length.
        long_form: Whether the length takes four bytes.
    """

    tag: int
    start: int
    value: int
    length: int
    long_form: bool


@dataclass(frozen=True)
class Sound:
    """A file before it is broken.

    Attributes:
        content: Its bytes.
        elements: Its top-level elements before the pixels, file meta group included.
        explicit: Whether elements name their representation.
    """

    content: bytes
    elements: tuple[Element, ...]
    explicit: bool


def sound(content: bytes) -> Sound:
    """Look through a file for its elements."""
    dataset = dcmread(io.BytesIO(content), force=True, stop_before_pixels=True)
    explicit = not dataset.original_encoding[0]
    found = [*_elements(dataset, explicit), *_elements(dataset.file_meta, True)]
    return Sound(content, tuple(element for element in found if element.value > 0), explicit)


def _elements(dataset: Dataset, explicit: bool) -> list[Element]:
    found = []
    for raw in dataset.values():
        if not isinstance(raw, RawDataElement):
            continue
        long_form = not explicit or raw.VR in (
            "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV",
        )  # fmt: skip
        head = 8 if not explicit or not long_form else 12
        found.append(
            Element(int(raw.tag), raw.value_tell - head, raw.value_tell, raw.length, long_form)
        )
    return found


def flip_bits(rng: Rng, file: Sound) -> bytes:
    """One to sixty-four bits anywhere."""
    data = np.frombuffer(file.content, np.uint8).copy()
    places = rng.integers(0, len(data), int(2 ** rng.integers(0, 7)))
    data[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
    return data.tobytes()


def flip_header_bits(rng: Rng, file: Sound) -> bytes:
    """A few bits before the pixels."""
    end = max((e.value + min(e.length, 64) for e in file.elements), default=len(file.content))
    data = np.frombuffer(file.content, np.uint8).copy()
    places = rng.integers(0, min(end, len(data)), int(rng.integers(1, 9)))
    data[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
    return data.tobytes()


def truncate(rng: Rng, file: Sound) -> bytes:
    """The end is missing."""
    return file.content[: int(rng.integers(0, len(file.content)))]


def insert(rng: Rng, file: Sound) -> bytes:
    """Bytes that do not belong there."""
    place = int(rng.integers(0, len(file.content)))
    return file.content[:place] + rng.bytes(int(rng.integers(1, 300))) + file.content[place:]


def cut_out(rng: Rng, file: Sound) -> bytes:
    """A part is missing."""
    place = int(rng.integers(0, len(file.content)))
    return file.content[:place] + file.content[place + int(rng.integers(1, 3000)) :]


def repeat(rng: Rng, file: Sound) -> bytes:
    """A part stands twice."""
    place, length = int(rng.integers(0, len(file.content))), int(rng.integers(1, 3000))
    return file.content[: place + length] + file.content[place:]


def blank(rng: Rng, file: Sound) -> bytes:
    """A part is all zeros or all ones, as of a bad sector."""
    place, length = int(rng.integers(0, len(file.content))), int(rng.integers(1, 4096))
    fill = (b"\0", b"\xff")[int(rng.integers(0, 2))]
    kept = file.content[place + length :]
    return file.content[:place] + fill * min(length, len(file.content) - place) + kept


def delete_element(rng: Rng, file: Sound) -> bytes:
    """A tag is missing."""
    element = _pick(rng, file)
    end = element.value + (0 if element.length == 0xFFFFFFFF else element.length)
    return file.content[: element.start] + file.content[end:]


def repeat_element(rng: Rng, file: Sound) -> bytes:
    """A tag stands twice, out of order."""
    element, other = _pick(rng, file), _pick(rng, file)
    length = 0 if element.length == 0xFFFFFFFF else element.length
    part = file.content[element.start : element.value + length]
    return file.content[: other.start] + part + file.content[other.start :]


def rename_element(rng: Rng, file: Sound) -> bytes:
    """A tag is another one."""
    element, other = _pick(rng, file), _pick(rng, file)
    tag = file.content[other.start : other.start + 4]
    if rng.random() < 0.3:
        tag = rng.bytes(4)
    return _patch(file.content, element.start, tag)


def swap_representation(rng: Rng, file: Sound) -> bytes:
    """A value representation is another one, or none."""
    element = _pick(rng, file)
    vr = VRS[int(rng.integers(0, len(VRS)))]
    return _patch(file.content, element.start + 4, vr) if file.explicit else flip_bits(rng, file)


def lie_about_length(rng: Rng, file: Sound) -> bytes:
    """An element says that it is longer or shorter than it is."""
    element = _pick(rng, file)
    lies = (0, 1, element.length ^ 1, element.length + 2, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF,
            len(file.content), int(rng.integers(0, 2**32)))  # fmt: skip
    length = lies[int(rng.integers(0, len(lies)))]
    size, form = (4, "<I") if element.long_form else (2, "<H")
    return _patch(file.content, element.value - size, struct.pack(form, length & (256**size - 1)))


def replace_value(rng: Rng, file: Sound) -> bytes:
    """A value that nobody expects, with its length told rightly."""
    element = _pick(rng, file)
    if element.length == 0xFFFFFFFF:
        return lie_about_length(rng, file)
    nasty = NASTY_TEXTS[int(rng.integers(0, len(NASTY_TEXTS)))]
    if rng.random() < 0.4:
        number = NASTY_NUMBERS[int(rng.integers(0, len(NASTY_NUMBERS)))]
        nasty = struct.pack("<H", number) * (1 + int(rng.integers(0, 3)))
    return _with_value(file, element, nasty + b" " * (len(nasty) % 2))


def swap_syntax(rng: Rng, file: Sound) -> bytes:
    """The file says that it is encoded in another way."""
    elements = [element for element in file.elements if element.tag == 0x00020010]
    if not elements:
        return flip_header_bits(rng, file)
    uid = SYNTAXES[int(rng.integers(0, len(SYNTAXES)))]
    return _with_value(file, elements[0], uid + b"\0" * (len(uid) % 2))


def claim_size(rng: Rng, file: Sound) -> bytes:
    """Rows, columns, frames, bits or samples that the pixels do not have."""
    wanted = (0x00280002, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280008)
    elements = [element for element in file.elements if element.tag in wanted]
    if not elements:
        return flip_header_bits(rng, file)
    element = elements[int(rng.integers(0, len(elements)))]
    number = NASTY_NUMBERS[int(rng.integers(0, len(NASTY_NUMBERS)))]
    frames = str(number * int(rng.integers(1, 99999))).encode()
    value = frames if element.tag == 0x00280008 else struct.pack("<H", number)
    return _with_value(file, element, value + b" " * (len(value) % 2))


def nest(rng: Rng, file: Sound) -> bytes:
    """Sequences within sequences, deeper than any stack, closed or not."""
    depth = int(10 ** rng.uniform(1, 4.3))
    opened = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    closed = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    if not file.explicit:
        opened = opened[:4] + opened[8:]
    bomb = opened * depth + (closed * depth if rng.random() < 0.5 else b"")
    after = _pick(rng, file)
    return file.content[: after.start] + bomb + file.content[after.start :]


def several(rng: Rng, file: Sound) -> bytes:
    """Two or three of the others, one on the other."""
    content = file.content
    for _ in range(int(rng.integers(2, 4))):
        mutate = MUTATIONS[int(rng.integers(0, len(MUTATIONS) - 1))]
        try:
            content = mutate(rng, sound(content))
        except Exception:  # what is broken already may have no elements to find
            content = flip_bits(rng, Sound(content or b"\0", (), True))
    return content


MUTATIONS: Sequence[Callable[[Rng, Sound], bytes]] = (
    flip_bits, flip_header_bits, truncate, insert, cut_out, repeat, blank, delete_element,
    repeat_element, rename_element, swap_representation, lie_about_length, replace_value,
    swap_syntax, claim_size, nest, several,
)  # fmt: skip


def _pick(rng: Rng, file: Sound) -> Element:
    return file.elements[int(rng.integers(0, len(file.elements)))]


def _patch(content: bytes, place: int, part: bytes) -> bytes:
    return content[:place] + part + content[place + len(part) :]


def _with_value(file: Sound, element: Element, value: bytes) -> bytes:
    size, form = (4, "<I") if element.long_form else (2, "<H")
    head = file.content[: element.value - size] + struct.pack(form, len(value))
    return head + value + file.content[element.value + element.length :]
