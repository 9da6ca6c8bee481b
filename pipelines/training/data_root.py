"""Where the data of a training run lie."""

import os
from pathlib import Path

from callosal.models.errors import DataError


def chosen_root(root: Path | None) -> Path | None:
    """The folder that is asked for, else the usual one; None where the phantom is to serve.

    Raises:
        DataError: The folder that is asked for does not exist.
    """
    if root is not None and not root.is_dir():
        raise DataError(
            f"data.root: the folder {root} does not exist; name a folder of NIfTI pairs with "
            "participants.tsv, or leave root out to train on the phantom",
            code="no_such_folder",
        )
    return root or usual_root()


def usual_root() -> Path | None:
    """The folder of $CALLOSAL_DATA, or ../shared/data/abide-cc, if there."""
    candidates = [os.environ.get("CALLOSAL_DATA"), "../shared/data/abide-cc"]
    found = [Path(name) for name in candidates if name and Path(name).is_dir()]
    return found[0] if found else None
