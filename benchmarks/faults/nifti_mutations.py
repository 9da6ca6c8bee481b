"""Mutations of NIfTI and MGH files: each takes the bytes of a sound file to those of a broken one.

Those of `dicom_mutations` that need no elements serve here too; the others know the fields of a
header and put into them what nobody expects.
"""

from collections.abc import Callable, Sequence

import numpy as np
from dicom_mutations import Sound, blank, cut_out, flip_bits, insert, repeat, truncate
from nibabel.nifti1 import header_dtype

Rng = np.random.Generator
Mutation = Callable[[Rng, bytes], bytes]

HEADER_BYTES = 348
NASTY_INTEGERS = (0, 1, -1, 2, 3, 4, 7, 8, 16, 64, 255, 256, 512, 1024, 32767, -32768)
NASTY_FLOATS = (0.0, -0.0, 1.0, -1.0, 2.0, 352.0, 16.0, 348.0, 1e-3, 1e-30, 1e30, -1e30, np.nan,
                np.inf, -np.inf, 0.5, 0.7071, 100.0, 1e5)  # fmt: skip


def set_field(rng: Rng, content: bytes) -> bytes:
    """A field of the header holds another value."""
    names = [name for name in header_dtype.names or () if name != "sizeof_hdr"]
    name = names[int(rng.integers(0, len(names)))]
    dtype, offset = header_dtype.fields[name][:2]
    base = dtype.base
    place = offset + base.itemsize * int(rng.integers(0, max(1, dtype.itemsize // base.itemsize)))
    if base.kind == "f":
        value = np.array(NASTY_FLOATS[int(rng.integers(0, len(NASTY_FLOATS)))], base)
    elif base.kind in "iu":
        number = NASTY_INTEGERS[int(rng.integers(0, len(NASTY_INTEGERS)))]
        value = np.array(number).astype(base)
    else:
        value = np.frombuffer(rng.bytes(base.itemsize), f"V{base.itemsize}")
    return _patch(content, place, value.tobytes())


def nudge_field(rng: Rng, content: bytes) -> bytes:
    """A number of the header is a little off."""
    floats = [(offset + 4 * index) for name in ("pixdim", "quatern_b", "quatern_c", "quatern_d",
              "qoffset_x", "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z", "scl_slope",
              "scl_inter", "vox_offset")
              for offset, index in _places(name)]  # fmt: skip
    place = floats[int(rng.integers(0, len(floats)))]
    value = np.frombuffer(content[place : place + 4], "<f4") * np.float32(rng.normal(1, 0.2))
    moved = value + np.float32(rng.normal(0, 5) * (rng.random() < 0.5))
    return _patch(content, place, moved.astype("<f4").tobytes())


def swap_bytes(rng: Rng, content: bytes) -> bytes:
    """A part of the header is in the other byte order."""
    start = 2 * int(rng.integers(0, HEADER_BYTES // 2))
    end = start + 2 * int(rng.integers(1, 20))
    part = np.frombuffer(content[start:end], "<u2").byteswap().tobytes()
    return _patch(content, start, part)


def flip_header_bits(rng: Rng, content: bytes) -> bytes:
    """One to four bits of the header."""
    data = np.frombuffer(content, np.uint8).copy()
    places = rng.integers(0, min(HEADER_BYTES + 4, len(data)), int(rng.integers(1, 5)))
    data[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
    return data.tobytes()


def _blind(mutate: Callable[[Rng, Sound], bytes]) -> Mutation:
    def mutation(rng: Rng, content: bytes) -> bytes:
        return mutate(rng, Sound(content, (), explicit=False))

    mutation.__name__ = mutate.__name__
    return mutation


MUTATIONS: Sequence[Mutation] = (
    set_field, set_field, nudge_field, nudge_field, swap_bytes, flip_header_bits,
    *map(_blind, (flip_bits, truncate, insert, cut_out, repeat, blank)),
)  # fmt: skip


def _places(name: str) -> list[tuple[int, int]]:
    dtype, offset = (header_dtype.fields or {})[name][:2]
    return [(offset, index) for index in range(max(1, dtype.itemsize // 4))]


def _patch(content: bytes, place: int, part: bytes) -> bytes:
    return content[:place] + part + content[place + len(part) :]
