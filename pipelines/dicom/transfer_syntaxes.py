"""The encodings in which images are taken: those that can be decoded here."""

from callosal.models.errors import InputError
from callosal.pipelines.dicom.codecs import choose_codec
from callosal.pipelines.dicom.syntax import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE

COMPRESSED = (
    "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",  # JPEG lossless
    "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81",  # JPEG-LS
    "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203",  # HTJ2K
    "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51",  # JPEG, 8 and 12 bits
    "1.2.840.10008.1.2.5",  # RLE
)  # fmt: skip
"""Compressed transfer syntaxes that the reader knows."""


def transfer_syntaxes() -> list[str]:
    """Transfer syntaxes that can be decoded here, the plain ones first; never the deflated one."""
    usable = [EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG]
    for syntax in COMPRESSED:
        try:
            choose_codec(syntax)
        except InputError:
            continue
        usable.append(syntax)
    return usable
