"""Where images lie and what they are called: personal, and shown only in the mapping."""

import os
from dataclasses import dataclass
from pathlib import Path

from callosal.pipelines.dicom.localizers import Localizer
from callosal.pipelines.dicom.stacks import Stack


@dataclass(frozen=True, slots=True)
class Place:
    """Which images are meant; "" for what is not known or does not apply.

    Attributes:
        study_uid: Their study.
        series_uid: Their series.
        folder: Folder that holds all of them.
        file: The file, where it is one.
    """

    study_uid: str = ""
    series_uid: str = ""
    folder: str = ""
    file: str = ""

    @classmethod
    def of(cls, content: Stack | Localizer | Path) -> "Place":
        """The place of a stack, of a localizer or of a NIfTI file."""
        if isinstance(content, Path):
            return cls(folder=str(content.parent), file=content.name)
        header = content.header
        stacks = content.stacks if isinstance(content, Localizer) else (content,)
        planes = [plane for stack in stacks for plane in stack.planes]
        folders = {Path(plane.header.file.path).parent for plane in planes}
        return cls(header.study_uid, header.series_uid, folder=os.path.commonpath(folders))
