"""What a case comes to, ready to be written: its plan document and its other files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CaseFiles:
    """All outputs of a case; it travels between processes.

    Attributes:
        document: Content of plan.json.
        files: Content of the other files by name; none of a case that could not be read.
    """

    document: dict[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)
