"""Where the data of a training run lie."""

import os
from collections.abc import Sequence
from pathlib import Path

from callosal.models.errors import DataError

VARIABLE = "CALLOSAL_DATA"
BESIDE = "../shared/data/abide-cc"


def chosen_root(root: Path | None) -> Path | None:
    """The folder that is asked for, else the usual one; None where the phantom is to serve.

    Raises:
        DataError: The folder that is asked for does not exist.
    """
    if root is not None and not root.is_dir():
        raise DataError(
            f"data.root: the folder {root} does not exist; name a folder of NIfTI pairs with "
            "participants.tsv (`callosal generate --output FOLDER` writes one), or give null for "
            "the usual places and else the phantom",
            code="no_such_folder",
        )
    return root or usual_root()


def usual_root() -> Path | None:
    """The folder of $CALLOSAL_DATA, or ../shared/data/abide-cc, if there."""
    candidates = [os.environ.get(VARIABLE), BESIDE]
    found = [Path(name) for name in candidates if name and Path(name).is_dir()]
    return found[0] if found else None


def told_source(roots: Sequence[Path], train: int, val: int, sites: int) -> str:
    """One line that says what a run trains on.

    Args:
        roots: Folders of the data; none for the phantom.
        train: Training slices.
        val: Validation slices.
        sites: Sites of both; 0 where nobody knows them.
    """
    counts = f"{train} train, {val} val slices"
    if roots:
        names = " and ".join(root.name or str(root) for root in roots)
        return f"training on {names}: {counts}" + (f" of {sites} sites" if sites else "")
    variable = "not set" if not os.environ.get(VARIABLE) else "no such folder"
    return (
        f"no data found at ${VARIABLE} ({variable}) or {BESIDE}: training on the phantom "
        f"(drawings, {counts}); give --data.root FOLDER"
    )
