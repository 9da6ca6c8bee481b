"""UIDs that follow from what an object is made of, so that a re-run gives the very same object."""

import hashlib
import uuid

from pydicom.uid import UID

_NAMESPACE = uuid.UUID("6f2f7a6e-0d6b-5a3e-9a86-6f0c1f0e7c51")
"""Fixed for all time: sets these UIDs apart from other name-based ones."""


def derived_uid(*parts: str) -> UID:
    """A UID under 2.25 (ITU-T X.667) from the name-based UUID (RFC 9562, version 5) of the parts.

    Args:
        parts: What the object depends on, in a fixed order; no part holds a line break.

    >>> derived_uid("seg", "1.2.3") == derived_uid("seg", "1.2.3")
    True
    >>> derived_uid("seg", "1.2.3") == derived_uid("sr", "1.2.3")
    False
    """
    # Not uuid.uuid5, which has no bytes for a text with halves of surrogate pairs.
    name = "\n".join(parts).encode("utf-8", "surrogatepass")
    digest = hashlib.sha1(_NAMESPACE.bytes + name, usedforsecurity=False).digest()
    return UID(f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}")
